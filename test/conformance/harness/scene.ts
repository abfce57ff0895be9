import {
  type GatewayContract,
  type GatewayOf,
  type MethodTable,
  type RpcService,
  RpcError,
  type ThreadMetrics,
} from '../../../index.js';
import { settle } from './outcome.js';
import type { Path } from './paths.js';
import { type EndpointConstructor, type Held, type StagehandGateway } from './stagehand.js';

/** An endpoint at the far end of the path, as its owner sees it: the common part of RpcServer. */
export interface Subject {
  readonly address: string;
  readonly endpointId: string;
  readonly terminationFuture: Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** A subject in another service; the stagehand of that service holds its `RpcServer`. */
class FarSubject implements Subject {
  readonly address: string;
  readonly endpointId: string;
  readonly terminationFuture: Promise<void>;
  readonly #stagehand: StagehandGateway;
  readonly #held: number;

  constructor(stagehand: StagehandGateway, { held, address, endpointId }: Held) {
    this.#stagehand = stagehand;
    this.#held = held;
    this.address = address;
    this.endpointId = endpointId;
    this.terminationFuture = stagehand.termination(held).then(settle);
    this.terminationFuture.catch(() => {});
  }

  async start(): Promise<void> {
    settle(await this.#stagehand.start(this.#held));
  }

  async stop(): Promise<void> {
    settle(await this.#stagehand.stop(this.#held));
  }

  async close(): Promise<void> {
    settle(await this.#stagehand.close(this.#held));
  }
}

/** What a rule is given: the caller's end of one path. It runs on the caller's thread. */
export class Scene {
  /** The service of the caller's thread. */
  readonly service: RpcService;
  readonly path: Path;
  readonly #stagehand: StagehandGateway;
  readonly #subjects: Subject[] = [];

  constructor(service: RpcService, path: Path, stagehand: StagehandGateway) {
    this.service = service;
    this.path = path;
    this.#stagehand = stagehand;
  }

  /** Frames carry the calls: they have a limit, and shared memory is copied. */
  get isRemote(): boolean {
    return this.path.over !== 'service';
  }

  /** Arguments go by reference. */
  get isSameThread(): boolean {
    return !this.isRemote && this.path.from === this.path.to;
  }

  /** Makes an endpoint at the far end of the path; it is STOPPED. */
  async create<Args extends unknown[]>(
    endpointClass: EndpointConstructor<Args>,
    args: [...Args],
    endpointId?: string,
  ): Promise<Subject> {
    const subject = await this.#create(endpointClass as EndpointConstructor, args, endpointId);
    this.#subjects.push(subject);
    return subject;
  }

  /** Makes an endpoint at the far end of the path and starts it. */
  async serve<Args extends unknown[]>(
    endpointClass: EndpointConstructor<Args>,
    args: [...Args],
    endpointId?: string,
  ): Promise<Subject> {
    const subject = await this.create(endpointClass, args, endpointId);
    await subject.start();
    return subject;
  }

  /** Serves an endpoint and connects to it: what most rules begin with. */
  async open<M extends MethodTable, Args extends unknown[]>(
    contract: GatewayContract<M>,
    endpointClass: EndpointConstructor<Args>,
    ...args: [...Args]
  ): Promise<{ readonly subject: Subject; readonly gateway: GatewayOf<GatewayContract<M>> }> {
    const subject = await this.serve(endpointClass, args);
    return { subject, gateway: await this.service.connect(subject.address, contract) };
  }

  /** What the service at the far end has logged since the last time: warnings and errors. */
  logged(): Promise<readonly string[]> {
    return this.#stagehand.logged();
  }

  /** What the service at the far end has counted since it started, all its threads together. */
  counted(): Promise<ThreadMetrics> {
    return this.#stagehand.counted();
  }

  /** Kills the other process; only on paths over TCP, and only in services of the rule's own. */
  killFarProcess(): void {
    this.#stagehand.killProcess();
  }

  /** Ends what the rule has made, however it ended. */
  async dispose(): Promise<void> {
    await Promise.allSettled(this.#subjects.map((subject) => subject.close()));
  }

  async #create(
    endpointClass: EndpointConstructor,
    args: unknown[],
    endpointId: string | undefined,
  ): Promise<Subject> {
    const thread = this.path.to;
    const id = endpointId === undefined ? {} : { endpointId };
    if (!this.isRemote) return this.service.startServer(endpointClass, { thread, args, ...id });
    const { module, name } = endpointClass;
    if (module === undefined) throw new RpcError('INVALID_ARGUMENT', `${name} has no module`);
    const exportName = endpointClass.exportName ?? name;
    const made = await this.#stagehand.create({ module, exportName, args, thread, ...id });
    if ('error' in made) settle(made);
    return new FarSubject(this.#stagehand, made as Held);
  }
}

/** A rule of the contract, told as a program: it must hold on every path that it is run over. */
export interface Rule {
  (scene: Scene): Promise<unknown>;
  /** Absent: all of them. */
  readonly paths?: readonly Path[];
}

/** A call that a rule awaits later: when the rule fails before, the thread must live on. */
export function watched<T>(call: Promise<T>): Promise<T> {
  call.catch(() => {});
  return call;
}

/** A rule that speaks of some paths only. */
export function only(paths: readonly Path[], rule: Rule): Rule {
  return Object.assign(rule, { paths });
}

/** Rules by their names; each name begins with the number of its line in `docs/SEMANTICS.md`. */
export type Rules = Readonly<Record<string, Rule>>;
