import { ActorThread, type ActorThreadParts } from '../actor/actor-thread.js';
import { type CellAddress, recipientOf, threadOf } from '../actor/cell.js';
import { type Address, formatAddress, RPC_PATH_PREFIX } from '../base/address.js';
import { ignoreRejection } from '../base/deferred.js';
import { RpcError } from '../errors/rpc-error.js';
import { type EndpointHost, type EndpointPlan, makeEndpoint } from './endpoint-factory.js';
import type { CallOutlet } from '../mailbox/call-outlet.js';
import type { CurrentToken } from './fencing.js';
import type { AnyGateway, GatewayContract, GatewayOf, MethodTable } from './gateway.js';
import { buildGateway } from './gateway-builder.js';
import { callsOf, type GatewayTarget, LocalTarget } from './gateway-client.js';
import { findEndpoint, handshakeRequest } from './handshake.js';
import { LocalClient } from './local-client.js';
import { trackFlows } from './main-thread.js';
import { OutletClient } from './outlet-client.js';
import { RpcCell } from './rpc-cell.js';
import type { ConnectOptions, RpcService } from './rpc-service.js';
import { SpotAlarms } from './spot-alarms.js';
import {
  AGENT_SLOT,
  AgentGateway,
  type CreatedEndpoint,
  HOME_SLOT,
  HomeGateway,
  RECEPTION_SLOT,
  ReceptionGateway,
  SYSTEM_INCARNATION,
} from './system-contracts.js';
import { withRoom } from './with-room.js';

/** Runs CPU work in other threads; the port behind `RpcEndpoint.offload`. */
export interface OffloadPool {
  /** An abort of `signal` ends it, also in the middle of its work. */
  run(module: string, argument: unknown, signal: AbortSignal): Promise<unknown>;
}

/** What a thread of the RPC layer is given beside the parts of its actor thread. */
export interface RpcThreadParts extends ActorThreadParts {
  readonly offload: OffloadPool;
  /** The address of the service as endpoints print it: without a path. */
  readonly base: Omit<Address, 'path'>;
  /**
   * An endpoint of this thread has ended, with this failure if it failed; nobody else hears of it
   * before the answer.
   */
  readonly onEndpointEnded: (cell: RpcCell, failure: unknown) => Promise<void> | void;
  /** Takes what the home thread has sent beside the lanes, without a turn of the event loop. */
  readonly pollHome?: () => void;
}

/** Gateways to the system endpoints of one thread. */
interface SystemGateways {
  /** What their addresses were made of. */
  readonly base: Omit<Address, 'path'>;
  readonly bySlot: Map<number, object>;
}

/** The fixed address of a system endpoint. */
export function systemAddress(thread: number, slot: number): CellAddress {
  return { recipient: recipientOf(thread, slot), incarnation: SYSTEM_INCARNATION };
}

/**
 * The RPC layer on one thread: makes its endpoints and the gateways that its code uses. The home
 * thread's has number 0.
 */
export class RpcThread {
  readonly thread: ActorThread;
  readonly #parts: RpcThreadParts;
  readonly #localClient: LocalClient;
  /** The service closes: no endpoint is made that nobody would stop. */
  #isTerminating = false;
  /**
   * Every server asks the same few, so they are kept, by the way to their thread: one that is
   * started again has another way.
   */
  readonly #systemGateways = new WeakMap<object, SystemGateways>();
  /** Tells home of each gateway to another process that nobody has any more. */
  readonly #routes = new FinalizationRegistry<CellAddress>((route) => this.#giveBackRoute(route));
  /** All gateways over one lane share a client. */
  readonly #clients = new WeakMap<CallOutlet, OutletClient>();
  /** Work in other threads that has no result yet: it would keep the process alive. */
  readonly #offloaded = new Map<AbortController, Promise<unknown>>();
  /** What all endpoints of one service share. */
  #host: EndpointHost | undefined;
  /** How other processes reach this service; changes once, when the listener has its port. */
  base: Omit<Address, 'path'>;

  constructor(parts: RpcThreadParts) {
    this.#parts = parts;
    this.base = parts.base;
    this.thread = new ActorThread(parts);
    if (parts.settings.validateAfterAwait) trackFlows();
    this.thread.spot = new SpotAlarms(this.thread, parts.pollHome ?? (() => {}));
    this.#localClient = new LocalClient(this.thread);
  }

  addressOf(endpointId: string): string {
    return formatAddress({ ...this.base, path: RPC_PATH_PREFIX + endpointId });
  }

  /** Makes and registers an endpoint on this thread; it is STOPPED. */
  create(plan: EndpointPlan, service: RpcService): RpcCell {
    if (this.#isTerminating) {
      const text = `service ${service.systemName} is closing; ${plan.endpointId} is not made`;
      throw new RpcError('SERVICE_CLOSED', text, { endpoint: plan.endpointId });
    }
    return this.#make(plan, service);
  }

  #onEnded(cell: RpcCell, failure: unknown): Promise<void> | void {
    const heard = this.#parts.onEndpointEnded(cell, failure);
    if (heard === undefined) return this.thread.cells.remove(cell);
    // Until home knows of it, who asks for the end must find it, and wait.
    return heard.then(() => this.thread.cells.remove(cell));
  }

  /** Makes an endpoint of the engine itself and starts it. */
  createSystem(plan: EndpointPlan, service: RpcService): RpcCell {
    const cell = this.#make({ ...plan, isSystem: true }, service);
    void cell.life.start();
    return cell;
  }

  describe(cell: RpcCell): CreatedEndpoint {
    return {
      endpointId: cell.endpointId,
      recipient: cell.recipient,
      incarnation: cell.incarnation,
      contracts: [...cell.methods.contracts.keys()],
      methods: cell.methods.descriptors.map(({ name, kind }) => ({ name, kind })),
      isFenced: cell.fence !== undefined,
      fencingToken: cell.fence?.token ?? null,
    };
  }

  /** An endpoint of this thread that lives; the engine's own are not found. */
  endpointAt(recipient: number, incarnation: number): RpcCell | undefined {
    if (threadOf(recipient) !== this.thread.thread) return undefined;
    const cell = this.thread.cells.find(recipient, incarnation);
    return cell instanceof RpcCell && !cell.isSystem ? cell : undefined;
  }

  /** As {@link endpointAt}; throws `RECIPIENT_UNREACHABLE`. */
  find(recipient: number, incarnation: number): RpcCell {
    const cell = this.endpointAt(recipient, incarnation);
    if (cell) return cell;
    throw new RpcError('RECIPIENT_UNREACHABLE', 'the endpoint is gone', { effect: 'none' });
  }

  /** A gateway to a system endpoint: its number is known, so there is no handshake. */
  systemGateway<M extends MethodTable>(
    contract: GatewayContract<M>,
    thread: number,
    slot: number,
  ): GatewayOf<GatewayContract<M>> {
    const way = thread === this.thread.thread ? this : this.thread.outletTo(thread);
    let known = this.#systemGateways.get(way);
    if (known?.base !== this.base) {
      known = { base: this.base, bySlot: new Map() };
      this.#systemGateways.set(way, known);
    }
    let gateway = known.bySlot.get(slot);
    if (gateway === undefined) {
      gateway = this.gateway(this.#systemTarget(contract, thread, slot));
      known.bySlot.set(slot, gateway);
    }
    return gateway as GatewayOf<GatewayContract<M>>;
  }

  #systemTarget(contract: AnyGateway, thread: number, slot: number): GatewayTarget {
    return new LocalTarget({
      ...systemAddress(thread, slot),
      base: this.base,
      path: `/system/${thread}/${contract.name}`,
      contract,
      methods: contract.methods.map((_, index) => index),
      token: undefined,
      timeoutMs: this.thread.settings.askTimeoutMs,
    });
  }

  home(): HomeGateway {
    return this.systemGateway(HomeGateway, 0, HOME_SLOT);
  }

  agent(thread: number): AgentGateway {
    return this.systemGateway(AgentGateway, thread, AGENT_SLOT);
  }

  reception(thread: number): ReceptionGateway {
    return this.systemGateway(ReceptionGateway, thread, RECEPTION_SLOT);
  }

  /** A gateway to a cell of this process; calls of control methods go to `control`. */
  gateway(target: GatewayTarget, control: CellAddress = target): object {
    const to = threadOf(target.recipient);
    if (to === this.thread.thread) return buildGateway(target, this.#localClient);
    const outlet = this.thread.outletTo(to);
    const { recordLimitBytes } = target;
    if (recordLimitBytes === undefined) return buildGateway(target, this.#clientOf(outlet));
    const whenRoom = (): Promise<void> => this.#whenRoomOf(target);
    const client = new OutletClient(this.thread, outlet, { recordLimitBytes, whenRoom });
    const { recipient, incarnation } = control;
    // Whatever can send a call holds the client.
    this.#routes.register(client, target);
    if (control !== target) this.#routes.register(client, control);
    return buildGateway(target, client, { client, target: { ...target, recipient, incarnation } });
  }

  #giveBackRoute({ recipient, incarnation }: CellAddress): void {
    const tell = async (): Promise<void> => this.home().giveBackRoute(recipient, incarnation);
    ignoreRejection(withRoom(this.thread.clock, tell));
  }

  /** Resolves when there is room behind a route, or when the way there is closed. */
  #whenRoomOf({ recipient, incarnation }: CellAddress): Promise<void> {
    const ask = (): Promise<void> => this.home().whenRoom(recipient, incarnation);
    return withRoom(this.thread.clock, ask).catch(() => {});
  }

  #clientOf(outlet: CallOutlet): OutletClient {
    let client = this.#clients.get(outlet);
    if (client === undefined) {
      client = new OutletClient(this.thread, outlet);
      this.#clients.set(outlet, client);
    }
    return client;
  }

  /** Finds the endpoint at a path of this service and shakes hands with it. */
  async connectLocal(path: string, contract: AnyGateway, options: ConnectOptions): Promise<object> {
    const address = formatAddress({ ...this.base, path });
    const request = handshakeRequest(contract);
    const found = await findEndpoint(address, path, request, (thread) => this.reception(thread));
    const calls = callsOf(options, this.thread.settings.askTimeoutMs);
    return this.gateway(new LocalTarget({ ...found, base: this.base, contract, ...calls }));
  }

  /**
   * A gateway to an endpoint that this process made, without asking it anything; `follows` is the
   * token of a fenced one.
   */
  gatewayTo(created: CreatedEndpoint, contract: AnyGateway, follows?: CurrentToken): object {
    if (!created.contracts.includes(contract.name)) {
      const served = created.contracts.join(', ');
      const text = `${created.endpointId} serves ${served}, not ${contract.name}`;
      throw new RpcError('HANDSHAKE_REJECTED', text, { endpoint: created.endpointId });
    }
    const methods = contract.methods.map(({ name, kind }) => {
      const index = created.methods.findIndex((own) => own.name === name && own.kind === kind);
      if (index >= 0) return index;
      const text = `${created.endpointId} serves no ${contract.name}: it has no ${kind} ${name}`;
      throw new RpcError('HANDSHAKE_REJECTED', text, { endpoint: created.endpointId });
    });
    const target = new LocalTarget({
      recipient: created.recipient,
      incarnation: created.incarnation,
      base: this.base,
      path: RPC_PATH_PREFIX + created.endpointId,
      contract,
      methods,
      token: follows?.words,
      follows,
      timeoutMs: this.thread.settings.askTimeoutMs,
    });
    return this.gateway(target);
  }

  /** Terminates every endpoint of this thread; answers the failures. None is made afterwards. */
  async terminateAll(): Promise<unknown[]> {
    this.#isTerminating = true;
    const ends: Promise<void>[] = [];
    for (const cell of [...this.thread.cells]) {
      if (cell instanceof RpcCell && !cell.isSystem) ends.push(cell.life.terminate());
    }
    const results = await Promise.allSettled(ends);
    return results.flatMap((r) => (r.status === 'rejected' ? [r.reason as unknown] : []));
  }

  /** The service has closed: nothing of this thread goes on. */
  close(errorOf: () => RpcError): void {
    this.thread.close(errorOf);
    for (const [controller, result] of this.#offloaded) {
      // Whoever began it may have gone, too.
      ignoreRejection(result);
      controller.abort(errorOf());
    }
  }

  #make(plan: EndpointPlan, service: RpcService): RpcCell {
    if (this.#host?.service !== service) this.#host = this.#hostFor(service);
    const cell = makeEndpoint(plan, this.#host);
    const fixed = plan.isSystem ? SYSTEM_INCARNATION : undefined;
    const { recipient, incarnation } = this.thread.cells.add(cell, fixed);
    cell.recipient = recipient;
    cell.incarnation = incarnation;
    return cell;
  }

  #hostFor(service: RpcService): EndpointHost {
    return {
      thread: this.thread,
      service,
      addressOf: (endpointId) => this.addressOf(endpointId),
      selfGateway: (cell, contract) => this.gatewayTo(this.describe(cell), contract, cell.fence),
      onEnded: (cell, failure) => this.#onEnded(cell, failure),
      offload: (module, argument) => this.#offload(String(module), argument),
    };
  }

  #offload(module: string, argument: unknown): Promise<unknown> {
    const controller = new AbortController();
    const { signal } = controller;
    const result = this.#parts.offload
      .run(module, argument, signal)
      .catch((error: unknown) => {
        throw signal.aborted ? signal.reason : error;
      })
      .finally(() => this.#offloaded.delete(controller));
    this.#offloaded.set(controller, result);
    return result;
  }
}
