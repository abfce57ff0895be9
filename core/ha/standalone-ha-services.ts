import { RpcError } from '../errors/rpc-error.js';
import type {
  HighAvailabilityServices,
  LeaderContender,
  LeaderElection,
  LeaderInformation,
  LeaderListener,
  LeaderRetrieval,
} from './leader-election.js';

/**
 * The one session of every standalone leader (Flink HighAvailabilityServices.DEFAULT_LEADER_ID).
 */
export const DEFAULT_LEADER_ID = '00000000-0000-4000-8000-000000000000';

/** Leads at once and for ever (Flink StandaloneLeaderElection). */
export class StandaloneLeaderElection implements LeaderElection {
  #contender: LeaderContender | undefined;

  startLeaderElection(contender: LeaderContender): void {
    if (this.#contender) throw new RpcError('INVALID_STATE', 'this election was started already');
    this.#contender = contender;
    contender.grantLeadership(DEFAULT_LEADER_ID);
  }

  /** The address is fixed, so there is nothing to publish. */
  confirmLeadership(_sessionId: string, _address: string): void {}

  hasLeadership(sessionId: string): boolean {
    return this.#contender !== undefined && sessionId === DEFAULT_LEADER_ID;
  }

  close(): void {
    const contender = this.#contender;
    this.#contender = undefined;
    contender?.revokeLeadership();
  }
}

/** Tells one fixed address (Flink StandaloneLeaderRetrievalService). */
export class FixedLeaderRetrieval implements LeaderRetrieval {
  readonly #leader: LeaderInformation;
  #listener: LeaderListener | undefined;

  constructor(leader: LeaderInformation) {
    this.#leader = leader;
  }

  start(listener: LeaderListener): void {
    if (this.#listener) throw new RpcError('INVALID_STATE', 'this retrieval was started already');
    this.#listener = listener;
    queueMicrotask(() => this.#listener?.(this.#leader));
  }

  stop(): void {
    this.#listener = undefined;
  }
}

/** Several processes that know each other's addresses beforehand (Flink StandaloneHaServices). */
export class StandaloneHaServices implements HighAvailabilityServices {
  readonly #addresses: ReadonlyMap<string, string>;

  /** Addresses by component id. */
  constructor(addresses: Readonly<Record<string, string>>) {
    this.#addresses = new Map(Object.entries(addresses));
  }

  createLeaderElection(_componentId: string): LeaderElection {
    return new StandaloneLeaderElection();
  }

  /** Throws `INVALID_ARGUMENT` for a component without an address. */
  createLeaderRetrieval(componentId: string): LeaderRetrieval {
    const address = this.#addresses.get(componentId);
    if (address !== undefined) {
      return new FixedLeaderRetrieval({ sessionId: DEFAULT_LEADER_ID, address });
    }
    throw new RpcError('INVALID_ARGUMENT', `there is no address for component ${componentId}`);
  }
}
