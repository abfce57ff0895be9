import {
  ask,
  defineGateway,
  type GatewayOf,
  RpcEndpoint,
  type RpcServer,
  type RpcService,
  type Serves,
  tell,
  type ThreadMetrics,
} from '../../../index.js';
import { type Outcome, outcomeOf } from './outcome.js';
import type { Place } from './paths.js';
import type { Recorder } from './recorder.js';

/** A class that `startServer` takes, by the arguments of its constructor. */
export type EndpointConstructor<Args extends unknown[] = unknown[]> = Pick<
  typeof RpcEndpoint,
  'gateways' | 'module' | 'exportName'
> & { readonly name: string; readonly prototype: RpcEndpoint } & (new (
    ...args: [...Args]
  ) => RpcEndpoint);

/** Which endpoint to make, and where. */
export interface Casting {
  readonly module: string;
  readonly exportName: string;
  readonly args: unknown[];
  readonly thread: Place;
  readonly endpointId?: string;
}

/** A server that a stagehand holds, by its number. */
export interface Held {
  readonly held: number;
  readonly address: string;
  readonly endpointId: string;
}

export const StagehandGateway = defineGateway('Stagehand', {
  create: ask<[casting: Casting], Held | Outcome>(),
  start: ask<[held: number], Outcome>(),
  stop: ask<[held: number], Outcome>(),
  close: ask<[held: number], Outcome>({ timeoutMs: 0 }),
  termination: ask<[held: number], Outcome>({ timeoutMs: 0 }),
  /** What the service has logged since the last time, warnings and errors. */
  logged: ask<[], readonly string[]>(),
  /** Ends the process as the system would. */
  killProcess: tell<[]>(),
  /** What the service has counted since it started, all threads together. */
  counted: ask<[], ThreadMetrics>(),
});
export type StagehandGateway = GatewayOf<typeof StagehandGateway>;

/** Does on the home thread of a service what only code of that process can do. */
export class Stagehand extends RpcEndpoint implements Serves<typeof StagehandGateway> {
  static override readonly gateways = [StagehandGateway];
  readonly #recorder: Recorder;
  readonly #servers: RpcServer[] = [];

  constructor(recorder: Recorder) {
    super();
    this.#recorder = recorder;
  }

  async create(casting: Casting): Promise<Held | Outcome> {
    const { module, exportName, args, thread, endpointId } = casting;
    const exports = (await import(module)) as Record<string, EndpointConstructor>;
    const id = endpointId === undefined ? {} : { endpointId };
    const created = this.rpcService.startServer(exports[exportName]!, { args, thread, ...id });
    const outcome = await outcomeOf(created);
    if (outcome.error) return outcome;
    const server = await created;
    const held = this.#servers.push(server) - 1;
    return { held, address: server.address, endpointId: server.endpointId };
  }

  start(held: number): Promise<Outcome> {
    return outcomeOf(this.#servers[held]!.start());
  }

  stop(held: number): Promise<Outcome> {
    return outcomeOf(this.#servers[held]!.stop());
  }

  close(held: number): Promise<Outcome> {
    return outcomeOf(this.#servers[held]!.close());
  }

  termination(held: number): Promise<Outcome> {
    return outcomeOf(this.#servers[held]!.terminationFuture);
  }

  killProcess(): void {
    process.kill(process.pid, 'SIGKILL');
  }

  counted(): ThreadMetrics {
    return this.rpcService.metrics().total;
  }

  logged(): readonly string[] {
    return this.#recorder.lines.splice(0);
  }
}

export const STAGEHAND_ID = 'stagehand';

/** Gives a service its stagehand. */
export async function hireStagehand(service: RpcService, recorder: Recorder): Promise<string> {
  const server = await service.startServer(Stagehand, {
    endpointId: STAGEHAND_ID,
    thread: 'home',
    args: [recorder],
  });
  await server.start();
  return server.address;
}
