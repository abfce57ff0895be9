import type { TimerHandle } from '../base/clock.js';
import { type Deferred, deferred } from '../base/deferred.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcEndpoint } from '../rpc/endpoint.js';
import { ask, defineGateway, type GatewayOf, type Serves } from '../rpc/gateway.js';
import type { RpcService } from '../rpc/rpc-service.js';
import {
  type HighAvailabilityServices,
  type LeaderInformation,
  type LeaderListener,
  type LeaderRetrieval,
  sameLeader,
} from './leader-election.js';

/** What is known about one component; the version grows with each change. */
export interface LeaderVersion {
  readonly version: number;
  readonly leader: LeaderInformation | null;
}

/** Lets other threads and processes hear who leads. */
export const LeaderRegistryGateway = defineGateway('ringlane.LeaderRegistry', {
  /** Answers at once when `known` is not the present version, else with the next change. */
  nextLeader: ask<[componentId: string, known: number], LeaderVersion>({ timeoutMs: 0 }),
});
export type LeaderRegistryGateway = GatewayOf<typeof LeaderRegistryGateway>;

/** One component and who waits for its next leader. */
interface Watched {
  retrieval: LeaderRetrieval;
  current: LeaderVersion;
  next: Deferred<LeaderVersion>;
}

/**
 * Publishes the leaders that one process elects. It plays the part that nodes of ZooKeeper have
 * in Flink, for threads and processes of one machine.
 */
export class LeaderRegistry extends RpcEndpoint implements Serves<typeof LeaderRegistryGateway> {
  static override readonly gateways = [LeaderRegistryGateway];
  readonly #services: HighAvailabilityServices;
  readonly #watched = new Map<string, Watched>();

  constructor(services: HighAvailabilityServices) {
    super();
    this.#services = services;
  }

  override onStop(): void {
    for (const { retrieval } of this.#watched.values()) retrieval.stop();
  }

  nextLeader(componentId: string, known: number): LeaderVersion | Promise<LeaderVersion> {
    const watched = this.#watched.get(componentId) ?? this.#watch(componentId);
    const isNews = watched.current.version > 0 && watched.current.version !== known;
    return isNews ? watched.current : watched.next.promise;
  }

  #watch(componentId: string): Watched {
    const retrieval = this.#services.createLeaderRetrieval(componentId);
    const current: LeaderVersion = { version: 0, leader: null };
    const watched: Watched = { retrieval, current, next: deferred() };
    this.#watched.set(componentId, watched);
    retrieval.start((leader) => {
      const { next, current: before } = watched;
      watched.current = { version: before.version + 1, leader: leader ?? null };
      watched.next = deferred();
      next.resolve(watched.current);
    });
    return watched;
  }
}

/** Hears of leaders from a {@link LeaderRegistry} of another thread or process. */
export class RpcLeaderRetrieval implements LeaderRetrieval {
  readonly #rpcService: RpcService;
  readonly #registryAddress: string;
  readonly #componentId: string;
  readonly #retryDelayMs: number;
  #listener: LeaderListener | undefined;
  #told: LeaderInformation | undefined;
  #retry: TimerHandle | undefined;
  /** Number of the start whose answers count: those to an earlier one may still come. */
  #run = 0;

  constructor(
    rpcService: RpcService,
    registryAddress: string,
    componentId: string,
    retryDelayMs = 1_000,
  ) {
    this.#rpcService = rpcService;
    this.#registryAddress = registryAddress;
    this.#componentId = componentId;
    this.#retryDelayMs = retryDelayMs;
  }

  start(listener: LeaderListener): void {
    if (this.#listener) throw new RpcError('INVALID_STATE', 'this retrieval was started already');
    this.#listener = listener;
    this.#told = undefined;
    void this.#follow(++this.#run);
  }

  stop(): void {
    this.#listener = undefined;
    this.#run++;
    this.#retry?.cancel();
  }

  async #follow(run: number): Promise<void> {
    try {
      const registry = await this.#rpcService.connect(this.#registryAddress, LeaderRegistryGateway);
      let known = 0;
      while (this.#run === run) {
        const { version, leader } = await registry.nextLeader(this.#componentId, known);
        if (this.#run !== run) return;
        known = version;
        this.#tell(leader ?? undefined);
      }
    } catch {
      // Lost the registry: whoever led may still lead, so nothing is told until it is back.
      this.#retryLater(run);
    }
  }

  #retryLater(run: number): void {
    if (this.#run !== run) return;
    try {
      this.#retry = this.#rpcService.schedule(() => void this.#follow(run), this.#retryDelayMs);
    } catch {
      // The service is closed: there is nobody left to tell.
    }
  }

  #tell(leader: LeaderInformation | undefined): void {
    if (sameLeader(leader, this.#told)) return;
    this.#told = leader;
    this.#listener?.(leader);
  }
}
