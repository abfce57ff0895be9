import type { ActorRef } from '../actor/actor-ref.js';
import type { TimerHandle } from '../base/clock.js';
import type { ServiceMetrics } from '../metrics/counters.js';
import type { DeadLetterReport } from './dead-letter-reports.js';
import type { FencingToken } from './fencing.js';
import type { AnyGateway, GatewayContract, GatewayOf, MethodTable } from './gateway.js';
import type { RpcInvocation } from './rpc-invocation.js';

/** Where to put an endpoint: a worker thread by number, the home thread, or any. */
export type Placement = 'any' | 'home' | number;

/** Where and as what to start an endpoint. */
export interface StartServerOptions {
  /** Default: a random name `<ClassName>_<n>`. */
  readonly endpointId?: string;
  /** Constructor arguments; they are encoded unless the endpoint lives on the home thread. */
  readonly args?: readonly unknown[];
  /** A worker thread by number, `'home'`, or `'any'` (default). */
  readonly thread?: Placement;
}

/** How to connect. */
export interface ConnectOptions {
  /** Token of the leader session, for fenced endpoints. */
  readonly fencingToken?: FencingToken;
  /**
   * Deadline of the gateway's asks in milliseconds, 0 for none, unless the method or the call says
   * otherwise. Default: `askTimeoutMs` of the service.
   */
  readonly timeoutMs?: number;
}

/** Any endpoint class, by its statics. */
export interface EndpointClass {
  readonly name: string;
  readonly gateways: readonly AnyGateway[];
  readonly module: string | undefined;
  readonly exportName: string | undefined;
  readonly serial?: boolean;
  readonly prototype: object;
}

/** A constructor with the statics of an endpoint class. */
export type EndpointConstructor<Args extends readonly unknown[]> = EndpointClass &
  (new (
    ...args: [...Args]
  ) => object);

/**
 * The options of `startServer` for a class whose constructor takes `Args`: the arguments are a
 * tuple of just these, and can be left out, the options with them, when none is required.
 */
type ServerOptions<Args extends readonly unknown[]> = [] extends Args
  ? [options?: StartServerOptions & { readonly args?: Readonly<Args> }]
  : [options: StartServerOptions & { readonly args: Readonly<Args> }];

/**
 * The handle of an endpoint for whoever started it (Flink RpcServer): starts and stops it, wherever
 * it lives, and knows when it has ended. When its thread is started again (option `supervision`),
 * it stands for the endpoint's next life; in between, calls of it fail with
 * `RECIPIENT_UNREACHABLE`.
 */
export interface RpcServer {
  readonly address: string;
  readonly endpointId: string;
  /** Worker thread by number from 0, or `home`. */
  readonly thread: number | 'home';
  /**
   * Ends when the endpoint has terminated: after `onStop`; rejects with what made it fail, with
   * `THREAD_TERMINATED` when its thread died and is not started again.
   */
  readonly terminationFuture: Promise<void>;
  /**
   * The actor behind the endpoint, for this thread (Flink AkkaBasedEndpoint.getActorRef): answers
   * the sender of an {@link RpcInvocation}, can be asked and watched; a PoisonPill is `close()`. A
   * new life after a restart of its thread is another reference.
   */
  readonly ref: ActorRef<RpcInvocation>;
  /** Runs `onStart`; resolves when the endpoint serves. A failure terminates the endpoint. */
  start(): Promise<void>;
  /** Back to STOPPED: calls are refused until the next start. */
  stop(): Promise<void>;
  /**
   * A gateway to the endpoint with the fencing token that it has when a call is made (Flink
   * getSelfGateway). Of another thread's endpoint we learn of a new token by message: a call made
   * before that is refused with `FENCING_TOKEN_MISMATCH`, effect none.
   */
  getSelfGateway<M extends MethodTable>(
    contract: GatewayContract<M>,
  ): GatewayOf<GatewayContract<M>>;
  /**
   * Terminates the endpoint: resources, `onStop`, then the future ends. Closing twice is one.
   * Rejects with what the future rejects with, and with `MAILBOX_FULL` when nobody could be asked
   * for want of room: then the endpoint lives on.
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts endpoints and connects to them (Flink RpcService). One per system and thread: endpoints
 * find theirs as `this.rpcService`.
 */
export interface RpcService {
  /** Host that others reach this service at; empty when it is local only, as in Flink. */
  readonly address: string;
  /** Port that others reach this service at, -1 when it has none. */
  readonly port: number;
  /** Worker threads beside the home thread. */
  readonly threads: number;
  /** Name of the system, the first part of every address. */
  readonly systemName: string;
  /** The full address that an endpoint id of this service has. */
  addressOf(endpointId: string): string;
  /**
   * Makes an endpoint; it is STOPPED until `server.start()`. Fails with `DUPLICATE_ENDPOINT`,
   * `ENDPOINT_START_FAILED` (loading or constructing), `INVALID_ARGUMENT`, `SERVICE_CLOSED`.
   */
  startServer<Args extends readonly unknown[]>(
    endpointClass: EndpointConstructor<Args>,
    ...options: ServerOptions<Args>
  ): Promise<RpcServer>;
  /**
   * Resolves an address, shakes hands, and answers a typed gateway. Fails with
   * `CONNECTION_FAILED`, `HANDSHAKE_REJECTED`, `INVALID_ARGUMENT`, `SERVICE_CLOSED`.
   */
  connect<M extends MethodTable>(
    address: string,
    contract: GatewayContract<M>,
    options?: ConnectOptions,
  ): Promise<GatewayOf<GatewayContract<M>>>;
  /** Terminates an endpoint; resolves when it has, rejects with its failure. */
  stopServer(server: RpcServer): Promise<void>;
  /** Runs `task` on this thread, outside every endpoint's turn (Flink getScheduledExecutor). */
  execute(task: () => void): void;
  /** Runs `task` after `delayMs`, then every `periodMs` if given, until cancelled or closed. */
  schedule(task: () => void, delayMs: number, periodMs?: number): TimerHandle;
  /**
   * What was counted since the start: dead letters, late answers, failures that nobody waited
   * for, restarts. Any thread may ask; it costs some microseconds.
   */
  metrics(): ServiceMetrics;
  /**
   * Calls `listener` for the dead letters of every thread, at most 1 000 a second and thread, until
   * the answer is called. What it throws is counted. Home thread only: `INVALID_STATE` elsewhere.
   */
  onDeadLetter(listener: (report: DeadLetterReport) => void): () => void;
  /** True when `address` belongs to this service. */
  isOwnAddress(address: string): boolean;
  /**
   * Ends when the service has closed; rejects with what a supervision strategy stopped it for, or
   * with what {@link close} rejects with. Seen from a worker thread it never ends.
   */
  readonly terminationFuture: Promise<void>;
  /**
   * Terminates every endpoint, waits for every `onStop`, then ends threads, sockets and timers.
   * Rejects with all failures; closing twice is one closing.
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
