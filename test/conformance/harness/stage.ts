import {
  effectiveOptions,
  Home,
  MemoryTransport,
  type RpcServiceOptions as HomeOptions,
} from '../../../core/host.js';
import { RpcService } from '../../../index.js';
import { offloadPool } from '../../../workers/offload-pool.js';
import { workerThreadHost } from '../../../workers/thread-host.js';
import { Driver, DriverGateway, perform, type Performance } from './driver.js';
import { FarProcess, type StageOptions } from './far-process.js';
import type { Path } from './paths.js';
import { Recorder } from './recorder.js';
import { hireStagehand, STAGEHAND_ID } from './stagehand.js';

/** A socket hands over at most so much at once, and back-pressure is made for that. */
const SOCKET_READ_BYTES = 64 * 1024;

/** Two services of this process that reach each other over the memory transport. */
interface MemoryPair {
  readonly near: RpcService;
  readonly far: RpcService;
}

/** All services that the paths of one file need, each opened on first use. */
export class Stage {
  readonly #options: StageOptions;
  #near: Promise<RpcService> | undefined;
  #far: FarProcess | undefined;
  #pair: Promise<MemoryPair> | undefined;

  constructor(options: StageOptions) {
    this.#options = options;
  }

  /** Opens what `path` needs, so that no rule pays for it. */
  async prepare(path: Path): Promise<void> {
    await Promise.all([this.#caller(path), this.#stagehand(path)]);
  }

  /** Runs a rule from the caller's end of a path; fails with its failure. */
  async run(path: Path, module: string, rule: string): Promise<void> {
    const stagehand = await this.#stagehand(path);
    const performance: Performance = { module, rule, path, stagehand };
    const service = await this.#caller(path);
    if (path.from === 'home') return perform(service, performance);
    const driver = service.addressOf(`driver_${path.from}`);
    try {
      await (await service.connect(driver, DriverGateway)).perform(performance);
    } catch (error) {
      // What the rule has thrown says more than that a handler has failed.
      throw error instanceof Error && error.cause instanceof Error ? error.cause : error;
    }
  }

  async close(): Promise<void> {
    const pair = await this.#pair;
    await Promise.all([
      this.#near?.then((service) => service.close()),
      this.#far?.close(),
      pair?.near.close(),
      pair?.far.close(),
    ]);
  }

  async #caller(path: Path): Promise<RpcService> {
    if (path.over === 'memory') return (await this.#openPair()).near;
    this.#near ??= this.#openNear();
    return this.#near;
  }

  async #stagehand(path: Path): Promise<string> {
    switch (path.over) {
      case 'service':
        return (await this.#caller(path)).addressOf(STAGEHAND_ID);
      case 'memory':
        return (await this.#openPair()).far.addressOf(STAGEHAND_ID);
      case 'tcp':
        this.#far ??= new FarProcess(this.#options);
        return this.#far.stagehand;
    }
  }

  async #openNear(): Promise<RpcService> {
    const logger = new Recorder();
    const at = { systemName: 'near', threads: 2, logger };
    const service = await RpcService.start({ ...at, ...this.#options });
    await hireStagehand(service, logger);
    for (let thread = 0; thread < service.threads; thread++) {
      const options = { endpointId: `driver_${thread}`, thread };
      await (await service.startServer(Driver, options)).start();
    }
    return service;
  }

  #openPair(): Promise<MemoryPair> {
    this.#pair ??= this.#makePair();
    return this.#pair;
  }

  async #makePair(): Promise<MemoryPair> {
    const transport = new MemoryTransport({ split: (bytes) => Math.min(bytes, SOCKET_READ_BYTES) });
    const start = (options: HomeOptions): Promise<RpcService> => {
      const ports = { threadHost: workerThreadHost, offload: offloadPool, transport };
      return new Home(effectiveOptions({ ...options, ...this.#options }), ports).start();
    };
    const logger = new Recorder();
    const listen = { port: 0 };
    const far = await start({ systemName: 'memory-far', threads: 1, listen, logger });
    await hireStagehand(far, logger);
    return { near: await start({ systemName: 'memory-near', threads: 0 }), far };
  }
}
