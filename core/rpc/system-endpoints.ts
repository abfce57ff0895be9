import { decodeIdentify, encodeActorIdentity } from '../codec/control-codec.js';
import type { Effect } from '../errors/error-codes.js';
import { RpcError } from '../errors/rpc-error.js';
import type { Directory, Entry } from './directory.js';
import { RpcEndpoint } from './endpoint.js';
import type { EndpointLife } from './endpoint-life.js';
import { loadEndpointClass, loadExport } from './endpoint-factory.js';
import type { FencingToken } from './fencing.js';
import type { Serves } from './gateway.js';
import { acceptHandshake } from './handshake.js';
import type { RpcService } from './rpc-service.js';
import type { RpcThread } from './rpc-thread.js';
import { threadTerminated } from './thread-end.js';
import {
  AgentGateway,
  type CreatedEndpoint,
  type EndpointSpec,
  ReceptionGateway,
} from './system-contracts.js';

/** Answers Identify and handshakes; one a thread, open to other processes. */
export class Reception extends RpcEndpoint implements Serves<typeof ReceptionGateway> {
  static override readonly gateways = [ReceptionGateway];
  readonly #thread: RpcThread;
  readonly #directory: Directory | undefined;

  constructor(thread: RpcThread, directory: Directory | undefined) {
    super();
    this.#thread = thread;
    this.#directory = directory;
  }

  identify(identify: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const { path } = decodeIdentify(identify);
    const found = this.#directory?.resolve(path);
    return found ? this.#identity(path, found) : this.#identifySoon(path);
  }

  async #identifySoon(path: string): Promise<Uint8Array> {
    return this.#identity(path, await this.#directory?.resolveSoon(path));
  }

  #identity(path: string, found: Entry | undefined): Uint8Array {
    if (!found) return encodeActorIdentity({ path, recipient: 0, incarnation: 0 });
    return encodeActorIdentity({
      path: found.path,
      recipient: found.recipient >>> 0,
      incarnation: found.incarnation >>> 0,
    });
  }

  handshake(recipient: number, incarnation: number, request: Uint8Array): Uint8Array {
    const cell = this.#thread.find(recipient, incarnation);
    return acceptHandshake(cell.methods, cell.endpointId, request);
  }
}

/** What `run` calls. */
type Runnable = (service: RpcService, argument: unknown) => unknown;

/** Makes, starts and ends the endpoints of its thread on behalf of the home thread. */
export class Agent extends RpcEndpoint implements Serves<typeof AgentGateway> {
  static override readonly gateways = [AgentGateway];
  readonly #thread: RpcThread;
  readonly #service: RpcService;

  constructor(thread: RpcThread, service: RpcService) {
    super();
    this.#thread = thread;
    this.#service = service;
  }

  async create(spec: EndpointSpec): Promise<CreatedEndpoint> {
    const endpointClass = await loadEndpointClass(spec.module, spec.exportName);
    const { endpointId, args } = spec;
    const plan = { endpointClass, endpointId, args, isExported: true };
    const cell = this.#thread.create(plan, this.#service);
    return this.#thread.describe(cell);
  }

  async start(recipient: number, incarnation: number): Promise<void> {
    await this.#lifeOf(recipient, incarnation).start();
    await this.#setRunning(recipient, incarnation, true);
  }

  async pause(recipient: number, incarnation: number): Promise<void> {
    this.#lifeOf(recipient, incarnation).pause();
    await this.#setRunning(recipient, incarnation, false);
  }

  async terminate(recipient: number, incarnation: number): Promise<void> {
    await this.#thread.endpointAt(recipient, incarnation)?.life.terminate();
  }

  termination(recipient: number, incarnation: number): Promise<void> {
    return this.#thread.find(recipient, incarnation).life.termination;
  }

  async tokenAfter(
    recipient: number,
    incarnation: number,
    known: FencingToken | null,
  ): Promise<FencingToken | null> {
    const { fence, life } = this.#thread.find(recipient, incarnation);
    const end = life.termination.then(
      () => known,
      () => known,
    );
    return fence ? Promise.race([fence.changedFrom(known), end]) : end;
  }

  terminateAll(): Promise<readonly unknown[]> {
    return this.#thread.terminateAll();
  }

  threadTerminated(thread: number, life: number, reason: string, cause: unknown): void {
    const ended = { thread, life, reason, cause };
    const errorOf = (effect: Effect): RpcError => threadTerminated(ended, effect);
    this.#thread.thread.onThreadTerminated(thread, life, errorOf);
  }

  async #setRunning(recipient: number, incarnation: number, isRunning: boolean): Promise<void> {
    const endpointId = this.#thread.endpointAt(recipient, incarnation)?.endpointId;
    if (endpointId === undefined) return;
    await this.#thread.home().setRunning(endpointId, recipient, incarnation, isRunning);
  }

  async run(module: string, exportName: string, argument: unknown): Promise<unknown> {
    const run = (await loadExport(module, exportName)) as Runnable;
    return run(this.#service, argument);
  }

  /** Who is not here any more has a state all the same: TERMINATED, which allows no move. */
  #lifeOf(recipient: number, incarnation: number): EndpointLife {
    const cell = this.#thread.endpointAt(recipient, incarnation);
    if (cell) return cell.life;
    const text = 'the endpoint is TERMINATED; start a new one with startServer';
    throw new RpcError('INVALID_STATE', text);
  }
}
