import { threadId } from 'node:worker_threads';
import { ask, defineGateway, type GatewayOf, RpcEndpoint, type Serves, tell } from '../../index.js';

export const BusyGateway = defineGateway('Busy', {
  mixed: ask<[], string[]>(),
  tellSelf: tell<[line: string]>(),
  diary: ask<[], string[]>(),
  runFailing: tell<[how: 'sync' | 'async']>(),
  call: ask<[what: string, timeoutMs: number], unknown>(),
  schedule: ask<[line: string, delayMs: number]>(),
  scheduleCancelled: ask<[line: string, delayMs: number]>(),
  introduce: ask<[]>(),
  validate: ask<[], boolean>(),
  never: ask<[]>({ timeoutMs: 500 }),
  add: ask<[a: number, b: number], number>(),
  /** Stores 1 in the word when all answers before have left. */
  signal: tell<[word: Int32Array]>(),
  work: ask<[value: number], { doubled: number; isElsewhere: boolean }>({ timeoutMs: 20_000 }),
});
export type BusyGateway = GatewayOf<typeof BusyGateway>;

/** The endpoint of this thread that another one is going to misuse. */
let introduced: Busy | undefined;

/** Uses everything that an endpoint has for its own turns. */
export class Busy extends RpcEndpoint implements Serves<typeof BusyGateway> {
  static override readonly gateways = [BusyGateway];
  static override readonly module: string = import.meta.url;
  #diary: string[] = [];

  mixed(): string[] {
    this.runAsync(() => this.#diary.push('run 1'));
    this.runAsync(() => this.#diary.push('run 2'));
    this.getSelfGateway(BusyGateway).tellSelf('tell');
    this.getMainThreadExecutor().execute(() => this.#diary.push('run 3'));
    this.#diary.push('sync');
    return [...this.#diary];
  }

  tellSelf(line: string): void {
    this.#diary.push(line);
  }

  diary(): string[] {
    return this.#diary.splice(0);
  }

  runFailing(how: 'sync' | 'async'): void {
    // oxlint-disable-next-line no-misused-promises -- the type allows it, so users will do it
    this.runAsync(() => {
      const error = new Error(`${how} failed`);
      if (how === 'sync') throw error;
      return Promise.reject(error);
    });
  }

  call(what: string, timeoutMs: number): Promise<unknown> {
    const task = (): unknown => {
      if (what === 'fail') throw new Error('callAsync fail');
      if (what === 'promise') return Promise.resolve(what);
      return what === 'never' ? new Promise(() => {}) : what;
    };
    return this.callAsync(task, timeoutMs);
  }

  schedule(line: string, delayMs: number): void {
    this.scheduleRunAsync(() => this.#diary.push(line), delayMs);
  }

  scheduleCancelled(line: string, delayMs: number): void {
    const timer = this.getMainThreadExecutor().schedule(() => this.#diary.push(line), delayMs);
    timer.cancel();
    timer.cancel();
  }

  introduce(): void {
    // oxlint-disable-next-line no-this-alias -- handing it out is the misuse to be found
    introduced = this;
  }

  validate(): boolean {
    this.validateRunsInMainThread();
    return this.isRunning();
  }

  never(): Promise<void> {
    return new Promise(() => {});
  }

  add(a: number, b: number): number {
    return a + b;
  }

  signal(word: Int32Array): void {
    setImmediate(() => {
      Atomics.store(word, 0, 1);
      Atomics.notify(word, 0);
    });
  }

  async work(value: number): Promise<{ doubled: number; isElsewhere: boolean }> {
    const work = new URL('./offload-work.js', import.meta.url);
    const done = (await this.offload(work, value)) as { doubled: number; threadId: number };
    return { doubled: done.doubled, isElsewhere: done.threadId !== threadId };
  }
}

export const MeddlerGateway = defineGateway('Meddler', { meddle: ask<[]>() });

/** Uses the object of another endpoint of its thread instead of a gateway. */
export class Meddler extends RpcEndpoint implements Serves<typeof MeddlerGateway> {
  static override readonly gateways = [MeddlerGateway];
  static override readonly module: string = import.meta.url;

  meddle(): void {
    introduced!.validate();
  }
}
