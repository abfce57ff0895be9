/** Who leads: the session is the fencing token of the leader (Flink LeaderInformation). */
export interface LeaderInformation {
  readonly sessionId: string;
  readonly address: string;
}

/**
 * Somebody who wants to lead (Flink LeaderContender). Both calls must return at once: the real
 * work is done later, and confirmed when it is done.
 */
export interface LeaderContender {
  grantLeadership(sessionId: string): void;
  revokeLeadership(): void;
}

/** One contender's part in the election of one component (Flink LeaderElection). */
export interface LeaderElection {
  /** Takes part from now on; legal once. */
  startLeaderElection(contender: LeaderContender): void;
  /** Publishes the address of the leader, if the session still is the current one. */
  confirmLeadership(sessionId: string, address: string): void;
  hasLeadership(sessionId: string): boolean;
  /** Gives up; a leader is revoked first. */
  close(): void;
}

/** Hears who leads; `undefined` while nobody does (Flink LeaderRetrievalListener). */
export type LeaderListener = (leader: LeaderInformation | undefined) => void;

/** Tells who leads one component (Flink LeaderRetrievalService). */
export interface LeaderRetrieval {
  /** Tells the listener each change once, the present leader first; legal once. */
  start(listener: LeaderListener): void;
  /** No call of the listener comes after it. */
  stop(): void;
}

/** The way to elections and leaders by component (Flink HighAvailabilityServices). */
export interface HighAvailabilityServices {
  createLeaderElection(componentId: string): LeaderElection;
  createLeaderRetrieval(componentId: string): LeaderRetrieval;
}

/** True when both say the same. */
export function sameLeader(
  a: LeaderInformation | undefined,
  b: LeaderInformation | undefined,
): boolean {
  return a?.sessionId === b?.sessionId && a?.address === b?.address;
}
