import { BroadcastChannel } from 'node:worker_threads';
import { deferred } from '../../core/base/deferred.js';
import { ask, defineGateway, type GatewayOf, RpcEndpoint, type Serves, tell } from '../../index.js';

/** What a {@link Staged} endpoint is to do at each stage of its life. */
export interface Stages {
  readonly construct?: 'fail';
  readonly start?: 'fail' | 'late' | 'failLate' | 'never';
  readonly stop?: 'fail' | 'late' | 'failLate' | 'never';
  readonly resource?: 'fail' | 'late' | 'never';
  /** Posts the diary here, from any thread. */
  readonly diary?: string;
}

export const StagedGateway = defineGateway('Staged', {
  ping: ask<[], string>(),
  running: ask<[], boolean>(),
  letGo: tell<[]>(),
  never: ask<[], void>(),
});
export type StagedGateway = GatewayOf<typeof StagedGateway>;

/** An endpoint whose hooks fail, wait or hang as it is told, and that keeps a diary. */
export class Staged extends RpcEndpoint implements Serves<typeof StagedGateway> {
  static override readonly gateways = [StagedGateway];
  static override readonly module: string = import.meta.url;
  readonly #stages: Stages;
  readonly #channel: BroadcastChannel | undefined;
  readonly #letGo = deferred<void>();

  constructor(stages: Stages) {
    super();
    this.#stages = stages;
    if (stages.construct) throw new Error('construct failed');
    if (stages.diary) {
      this.#channel = new BroadcastChannel(stages.diary);
      this.#channel.unref();
    }
    for (const name of ['first', 'second']) {
      this.registerResource({ close: () => this.#stage(`close ${name}`, stages.resource) });
    }
  }

  override onStart(): void | Promise<void> {
    return this.#stage('onStart', this.#stages.start);
  }

  override async onStop(): Promise<void> {
    await this.#stage('onStop', this.#stages.stop);
    // The executor still works here.
    this.#write(await this.callAsync(() => 'called in onStop', 1000));
  }

  ping(): string {
    return 'pong';
  }

  running(): boolean {
    return this.isRunning();
  }

  letGo(): void {
    this.#letGo.resolve();
  }

  never(): Promise<void> {
    return new Promise(() => {});
  }

  #write(line: string): void {
    this.#channel?.postMessage(line);
  }

  #stage(name: string, how: Stages['start']): void | Promise<void> {
    this.#write(`${name}${this.isRunning() ? ' running' : ''}`);
    if (how === 'fail') throw new Error(`${name} failed`);
    if (how === 'never') return new Promise(() => {});
    if (how === undefined) return undefined;
    return this.#letGo.promise.then(() => {
      if (how === 'failLate') throw new Error(`${name} failed late`);
    });
  }
}

/** Starts another endpoint as the last thing it does. */
export class Testator extends RpcEndpoint {
  static override readonly module: string = import.meta.url;
  readonly #heirAt: 'home' | number;

  constructor(heirAt: 'home' | number) {
    super();
    this.#heirAt = heirAt;
  }

  override async onStop(): Promise<void> {
    await this.rpcService.startServer(Staged, { thread: this.#heirAt, args: [{}] });
  }
}
