import { randomId } from '../base/ids.js';
import { RpcError } from '../errors/rpc-error.js';
import {
  type HighAvailabilityServices,
  type LeaderContender,
  type LeaderElection,
  type LeaderInformation,
  type LeaderListener,
  type LeaderRetrieval,
  sameLeader,
} from './leader-election.js';

/** The contenders and listeners of one component. */
class Component {
  leader: LeaderInformation | undefined;
  /** Whose turn it is, and in which session; confirmed or not. */
  granted: { readonly election: EmbeddedElection; readonly sessionId: string } | undefined;
  readonly contenders: EmbeddedElection[] = [];
  readonly retrievals = new Set<EmbeddedRetrieval>();

  publish(leader: LeaderInformation | undefined): void {
    if (sameLeader(leader, this.leader)) return;
    this.leader = leader;
    for (const retrieval of [...this.retrievals]) retrieval.notify();
  }
}

class EmbeddedElection implements LeaderElection {
  contender: LeaderContender | undefined;
  readonly #service: EmbeddedLeaderService;
  readonly #component: Component;

  constructor(service: EmbeddedLeaderService, component: Component) {
    this.#service = service;
    this.#component = component;
  }

  startLeaderElection(contender: LeaderContender): void {
    if (this.contender) throw new RpcError('INVALID_STATE', 'this election was started already');
    this.contender = contender;
    this.#component.contenders.push(this);
    this.#service.grantNext(this.#component);
  }

  confirmLeadership(sessionId: string, address: string): void {
    if (this.hasLeadership(sessionId)) this.#component.publish({ sessionId, address });
  }

  hasLeadership(sessionId: string): boolean {
    const { granted } = this.#component;
    return granted?.election === this && granted.sessionId === sessionId;
  }

  close(): void {
    const index = this.#component.contenders.indexOf(this);
    if (index < 0) return;
    this.#component.contenders.splice(index, 1);
    if (this.#component.granted?.election !== this) return;
    this.#service.revoke(this.#component);
    this.#service.grantNext(this.#component);
  }
}

class EmbeddedRetrieval implements LeaderRetrieval {
  readonly #component: Component;
  #listener: LeaderListener | undefined;
  #told: LeaderInformation | undefined;
  #isNotifying = false;

  constructor(component: Component) {
    this.#component = component;
  }

  start(listener: LeaderListener): void {
    if (this.#listener) throw new RpcError('INVALID_STATE', 'this retrieval was started already');
    this.#listener = listener;
    this.#told = undefined;
    this.#component.retrievals.add(this);
    this.notify();
  }

  stop(): void {
    this.#component.retrievals.delete(this);
    this.#listener = undefined;
  }

  /** Tells later, outside the call that changed the leader; of changes in between only the last. */
  notify(): void {
    if (this.#isNotifying) return;
    this.#isNotifying = true;
    queueMicrotask(() => {
      this.#isNotifying = false;
      const { leader } = this.#component;
      if (sameLeader(leader, this.#told)) return;
      this.#told = leader;
      this.#listener?.(leader);
    });
  }
}

/**
 * Elections inside one process (Flink EmbeddedHaServicesWithLeadershipControl): one contender of
 * each component leads, in a session with a random id; the next one does when it is revoked or
 * gives up. `revokeLeadership` and `grantLeadership` are for tests and for trying things out.
 */
export class EmbeddedLeaderService implements HighAvailabilityServices {
  readonly #components = new Map<string, Component>();
  readonly #held = new Set<Component>();

  createLeaderElection(componentId: string): LeaderElection {
    return new EmbeddedElection(this, this.#component(componentId));
  }

  createLeaderRetrieval(componentId: string): LeaderRetrieval {
    return new EmbeddedRetrieval(this.#component(componentId));
  }

  /** Nobody leads this component from now on, until {@link grantLeadership}. */
  revokeLeadership(componentId: string): void {
    const component = this.#component(componentId);
    this.#held.add(component);
    this.revoke(component);
  }

  /** Lets one of the contenders lead again, in a new session; no-op while somebody does. */
  grantLeadership(componentId: string): void {
    const component = this.#component(componentId);
    this.#held.delete(component);
    this.grantNext(component);
  }

  /** For elections of this service only. */
  grantNext(component: Component): void {
    const [election] = component.contenders;
    if (component.granted || this.#held.has(component) || !election) return;
    const sessionId = randomId();
    component.granted = { election, sessionId };
    election.contender!.grantLeadership(sessionId);
  }

  /** For elections of this service only. */
  revoke(component: Component): void {
    const { granted } = component;
    if (!granted) return;
    component.granted = undefined;
    // First the news, then the end of the component: nobody should connect to it any more.
    component.publish(undefined);
    granted.election.contender!.revokeLeadership();
  }

  #component(componentId: string): Component {
    let component = this.#components.get(componentId);
    if (!component) {
      component = new Component();
      this.#components.set(componentId, component);
    }
    return component;
  }
}
