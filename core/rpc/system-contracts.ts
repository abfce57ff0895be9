import type { FencingToken } from './fencing.js';
import type { Placement } from './rpc-service.js';
import type { CellAddress } from '../actor/cell.js';
import { ask, defineGateway, type GatewayOf, tell } from './gateway.js';

/**
 * The engine's own endpoints, called through the engine's own gateways. Their recipient numbers
 * are fixed, so that no handshake is needed to reach the one who does the handshakes.
 */

/** Slot and incarnation of the system endpoints of every thread. */
export const RECEPTION_SLOT = 0;
export const AGENT_SLOT = 1;
/** On the home thread only. */
export const HOME_SLOT = 2;
export const SYSTEM_INCARNATION = 1;

/**
 * Who lives where, and may a caller talk to it? Open to other processes; arguments and results
 * are the tables of `schemas/control.fbs`.
 */
export const ReceptionGateway = defineGateway('ringlane.Reception', {
  /** `Identify` -> `ActorIdentity`; only the home thread knows all paths. */
  identify: ask<[identify: Uint8Array], Uint8Array>(),
  /** `HandshakeRequest` for one endpoint of this thread -> `HandshakeAccepted`. */
  handshake: ask<[recipient: number, incarnation: number, request: Uint8Array], Uint8Array>(),
});
export type ReceptionGateway = GatewayOf<typeof ReceptionGateway>;

/** What a thread needs to make an endpoint. */
export interface EndpointSpec {
  readonly endpointId: string;
  readonly module: string;
  readonly exportName: string;
  readonly args: readonly unknown[];
}

/** An endpoint just made. */
export interface CreatedEndpoint {
  readonly endpointId: string;
  readonly recipient: number;
  readonly incarnation: number;
  /** Names of the contracts that it serves. */
  readonly contracts: readonly string[];
  /** Name and kind of each method by index. */
  readonly methods: readonly { readonly name: string; readonly kind: 'ask' | 'tell' }[];
  readonly isFenced: boolean;
  /** The token when it was made; null: none, or not fenced. */
  readonly fencingToken: FencingToken | null;
}

/** Makes and ends the endpoints of one thread. In-process only. */
export const AgentGateway = defineGateway('ringlane.Agent', {
  create: ask<[spec: EndpointSpec], CreatedEndpoint>({ timeoutMs: 0 }),
  start: ask<[recipient: number, incarnation: number]>({ timeoutMs: 0 }),
  pause: ask<[recipient: number, incarnation: number]>(),
  terminate: ask<[recipient: number, incarnation: number]>({ timeoutMs: 0 }),
  /** Answers when the endpoint has terminated, with its failure if it failed: for who watches. */
  termination: ask<[recipient: number, incarnation: number]>({ timeoutMs: 0 }),
  /** Answers when a fenced endpoint has another token than `known`, or terminates. */
  tokenAfter: ask<
    [recipient: number, incarnation: number, known: FencingToken | null],
    FencingToken | null
  >({ timeoutMs: 0 }),
  terminateAll: ask<[], readonly unknown[]>({ timeoutMs: 0 }),
  /** A life of a thread ended, for this reason. */
  threadTerminated: tell<[thread: number, life: number, reason: string, cause: unknown]>(),
  /** Calls an exported function of a module with the service of this thread and `argument`. */
  run: ask<[module: string, exportName: string, argument: unknown], unknown>({ timeoutMs: 0 }),
});
export type AgentGateway = GatewayOf<typeof AgentGateway>;

/** A way from a worker thread to an endpoint of another process, through the home thread. */
export interface RemoteRoute {
  readonly recipient: number;
  readonly incarnation: number;
  readonly methods: readonly number[];
  /** The endpoint's own address, and its host. */
  readonly address: string;
  readonly hostname: string;
  /** Longest record that the connection takes. */
  readonly recordLimitBytes: number;
  /** The way over the control connection, when it was asked for. */
  readonly control: CellAddress | null;
}

/** One life of an endpoint is over. */
export interface EndNotice extends CellAddress {
  readonly endpointId: string;
  /** What it failed with, as `encodeFailure` wrote it; null: it ended well. */
  readonly failure: Uint8Array | null;
}

/** What only the home thread can do. In-process only. */
export const HomeGateway = defineGateway('ringlane.Home', {
  startServer: ask<[spec: EndpointSpec, placement: Placement], CreatedEndpoint>({ timeoutMs: 0 }),
  /** Answers when the ids are free: only then may anybody else hear that these have ended. */
  ended: ask<[ends: readonly EndNotice[]], void>({ timeoutMs: 0 }),
  /** An endpoint has been started, or paused: a restart of its thread starts it again, or not. */
  setRunning: ask<
    [endpointId: string, recipient: number, incarnation: number, isRunning: boolean],
    void
  >({ timeoutMs: 0 }),
  /**
   * Answers the life after `known` of the server whose endpoint began as `first`; null when it has
   * ended, with its failure if it failed.
   */
  lifeAfter: ask<
    [endpointId: string, first: CellAddress, known: CellAddress],
    CreatedEndpoint | null
  >({ timeoutMs: 0 }),
  openRoute: ask<[address: string, request: Uint8Array, withControl: boolean], RemoteRoute>({
    timeoutMs: 0,
  }),
  /** A gateway that took a route is gone. */
  giveBackRoute: tell<[recipient: number, incarnation: number]>(),
  /** Answers when the connection behind a route has room for more, or is gone. */
  whenRoom: ask<[recipient: number, incarnation: number], void>({ timeoutMs: 0 }),
});
export type HomeGateway = GatewayOf<typeof HomeGateway>;
