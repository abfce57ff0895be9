import { type Deferred, deferred, ignoreRejection } from '../base/deferred.js';
import type { LeaderContender, LeaderElection } from './leader-election.js';

/** A component of one leader session, an RpcServer say. */
export interface LeaderComponent {
  readonly address: string;
  start(): Promise<void>;
  close(): Promise<void>;
  /** Ends when the component has; rejects with what made it fail. */
  readonly terminationFuture: Promise<void>;
}

/** What a runner is given. */
export interface LeaderComponentRunnerParts {
  readonly election: LeaderElection;
  /** Builds a fresh component whose fencing token is the session id. */
  readonly create: (sessionId: string) => Promise<LeaderComponent>;
  /** The component of this address leads and is known to do so. */
  readonly onConfirmed?: (address: string) => void;
  /** Building, starting or running the component failed while it led. */
  readonly onFatalError: (error: unknown) => void;
}

/** One time of leading. */
interface Session {
  readonly id: string;
  /** Resolves when it was revoked, or another one follows. */
  readonly over: Deferred<void>;
}

/**
 * Grant: wait for the component before, build a fresh one, start it, and only then confirm.
 * Revoke: stop it (Flink ResourceManagerServiceImpl, DefaultDispatcherRunner). Steps run strictly
 * one after the other, however fast grants and revokes follow each other.
 */
export class LeaderComponentRunner implements LeaderContender {
  readonly #parts: LeaderComponentRunnerParts;
  readonly #terminated = deferred<void>();
  #steps: Promise<void> = Promise.resolve();
  #session: Session | undefined;
  #component: LeaderComponent | undefined;
  #isClosed = false;

  constructor(parts: LeaderComponentRunnerParts) {
    this.#parts = parts;
    ignoreRejection(this.#terminated.promise);
  }

  /** Takes part in the election. */
  start(): void {
    this.#parts.election.startLeaderElection(this);
  }

  grantLeadership(sessionId: string): void {
    if (this.#isClosed) return;
    const session = { id: sessionId, over: deferred<void>() };
    this.#enter(session);
    this.#next(() => this.#lead(session));
  }

  revokeLeadership(): void {
    this.#enter(undefined);
    this.#next(() => this.#stop());
  }

  /** Gives up and ends the component. */
  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#enter(undefined);
      this.#parts.election.close();
      this.#next(() => this.#stop());
      void this.#steps.then(() => this.#terminated.resolve());
    }
    await this.#terminated.promise;
  }

  #enter(session: Session | undefined): void {
    this.#session?.over.resolve();
    this.#session = session;
  }

  async #lead(session: Session): Promise<void> {
    await this.#stop();
    if (this.#session !== session) return;
    try {
      await this.#begin(session);
    } catch (error) {
      // Nobody needs what a session that is over could not build or start.
      if (this.#session === session) throw error;
    }
  }

  async #begin(session: Session): Promise<void> {
    const component = await this.#parts.create(session.id);
    this.#component = component;
    // Waits for every step, so a component that ends by itself has failed.
    component.terminationFuture.then(
      () => this.#onTerminated(component, undefined),
      (error: unknown) => this.#onTerminated(component, error),
    );
    if (this.#session !== session) return;
    // A start that never ends must not keep it from being stopped.
    await Promise.race([component.start(), session.over.promise]);
    if (this.#session !== session) return;
    this.#parts.election.confirmLeadership(session.id, component.address);
    this.#parts.onConfirmed?.(component.address);
  }

  async #stop(): Promise<void> {
    const component = this.#component;
    this.#component = undefined;
    await component?.close();
  }

  #onTerminated(component: LeaderComponent, error: unknown): void {
    if (this.#component !== component) return;
    this.#component = undefined;
    this.#parts.onFatalError(error ?? new Error('the component ended by itself'));
  }

  #next(step: () => Promise<void>): void {
    this.#steps = this.#steps.then(step).catch((error: unknown) => {
      if (!this.#isClosed) this.#parts.onFatalError(error);
    });
  }
}
