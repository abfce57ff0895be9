import { type CellAddress, threadOf } from '../actor/cell.js';
import type { Logger } from '../base/logger.js';
import { systemClock } from '../base/clock.js';
import { inspect } from 'node:util';
import { RpcError } from '../errors/rpc-error.js';
import { openRegion } from '../memory/region-descriptor.js';
import { openMetricsMemory } from '../metrics/metrics-descriptor.js';
import { DeadLetterReporter } from './dead-letter-reports.js';
import { EndNotices } from './end-notices.js';
import { type AnyGateway, hasControl } from './gateway.js';
import { callsOf, type GatewayTarget } from './gateway-client.js';
import { handshakeRequest } from './handshake.js';
import type { ConnectOptions, EndpointClass, Placement } from './rpc-service.js';
import { ThreadService, type ServiceBackend } from './thread-service.js';
import { type OffloadPool, RpcThread } from './rpc-thread.js';
import type { ServerLives } from './server-book.js';
import type {
  AgentGateway,
  CreatedEndpoint,
  EndpointSpec,
  HomeGateway,
} from './system-contracts.js';
import { Agent, Reception } from './system-endpoints.js';
import { Watchdog } from './watchdog.js';
import { readProgress } from '../memory/progress-words.js';
import { withRoom } from './with-room.js';
import type { HomePort, ThreadBirth, ThreadMessage } from './thread-host.js';

/** The lives of a server that was started from a worker thread: the home thread knows them. */
class DistantLives implements ServerLives {
  created: CreatedEndpoint;
  readonly isUpToDate = false;
  agent: AgentGateway;
  readonly #rpcThread: RpcThread;
  readonly #home: HomeGateway;
  readonly #first: CellAddress;

  constructor(rpcThread: RpcThread, home: HomeGateway, created: CreatedEndpoint) {
    this.#rpcThread = rpcThread;
    this.#home = home;
    this.created = created;
    this.agent = rpcThread.agent(threadOf(created.recipient));
    const { recipient, incarnation } = created;
    this.#first = { recipient, incarnation };
  }

  async lifeAfter({ recipient, incarnation }: CellAddress): Promise<CreatedEndpoint | null> {
    const known = { recipient, incarnation };
    const { clock } = this.#rpcThread.thread;
    const next = await withRoom(clock, () =>
      this.#home.lifeAfter(this.created.endpointId, this.#first, known),
    );
    if (next !== null) {
      this.created = next;
      this.agent = this.#rpcThread.agent(threadOf(next.recipient));
    }
    return next;
  }
}

/** The service as a worker thread sees it: most things are asked of the home thread. */
class WorkerBackend implements ServiceBackend {
  readonly threads: number;
  readonly port: number;
  readonly isClosed = false;
  /** The thread ends before its service has ended. */
  readonly terminationFuture: Promise<void> = new Promise(() => {});
  readonly #rpcThread: RpcThread;

  constructor(rpcThread: RpcThread, birth: ThreadBirth) {
    this.#rpcThread = rpcThread;
    this.threads = birth.settings.threads;
    this.port = birth.port;
  }

  async startClass(
    _endpointClass: EndpointClass,
    spec: EndpointSpec,
    placement: Placement,
  ): Promise<ServerLives> {
    if (spec.module === '') {
      const text = `${spec.exportName} has no static module, so the home thread cannot load it`;
      throw new RpcError('INVALID_ARGUMENT', text);
    }
    const home = this.#rpcThread.home();
    return new DistantLives(this.#rpcThread, home, await home.startServer(spec, placement));
  }

  async connectRemote(
    address: string,
    contract: AnyGateway,
    options: ConnectOptions,
  ): Promise<object> {
    const home = this.#rpcThread.home();
    const request = handshakeRequest(contract);
    const route = await home.openRoute(address, request, hasControl(contract));
    const target: GatewayTarget = {
      recipient: route.recipient,
      incarnation: route.incarnation,
      address: route.address,
      hostname: route.hostname,
      contract,
      methods: route.methods,
      ...callsOf(options, this.#rpcThread.thread.settings.askTimeoutMs),
      recordLimitBytes: route.recordLimitBytes,
    };
    return this.#rpcThread.gateway(target, route.control ?? target);
  }

  onDeadLetter(): () => void {
    const text = 'the dead letters of a service are heard on its home thread';
    throw new RpcError('INVALID_STATE', text);
  }

  close(): Promise<void> {
    const text = 'a service is closed on its home thread';
    return Promise.reject(new RpcError('INVALID_STATE', text));
  }
}

/** Logs of a worker thread are written by the home thread's logger. */
function loggerOver(port: HomePort): Logger {
  const log =
    (level: keyof Logger) =>
    (facts: object, message: string): void =>
      port.post({ kind: 'log', level, facts: print(facts), message }, []);
  return { debug() {}, info: log('info'), warn: log('warn'), error: log('error') };
}

/** What is logged was thrown by anybody: it may not even let itself be printed. */
function print(facts: object): string {
  try {
    return inspect(facts, { depth: 4 });
  } catch {
    return inspect(facts, { depth: 4, customInspect: false });
  }
}

/** Brings up the RPC layer on a worker thread and tells the home thread that it is ready. */
export function runWorkerThread(birth: ThreadBirth, port: HomePort, offload: OffloadPool): void {
  const region = openRegion(birth.region);
  const rpcThread = new RpcThread({
    thread: birth.thread,
    region,
    settings: birth.settings,
    clock: systemClock,
    logger: loggerOver(port),
    epochMs: birth.epochMs,
    base: birth.base,
    offload,
    metrics: openMetricsMemory(birth.metrics),
    offerLane: (offer) => port.post({ kind: 'lane', offer }, [offer.port]),
    onEndpointEnded: (cell, failure) => endNotices.add(cell, failure),
    pollHome() {
      for (let message = port.take(); message; message = port.take()) onMessage(message);
    },
  });
  const endNotices = new EndNotices(rpcThread.thread, () => rpcThread.home());
  new DeadLetterReporter(rpcThread.thread, (report) =>
    port.post({ kind: 'dead-letter', report }, []),
  );
  const onMessage = (message: ThreadMessage): void => {
    const { mailbox } = rpcThread.thread;
    if (message.kind === 'lane') mailbox.acceptLane(message.offer);
    else if (message.kind === 'wake') mailbox.wake();
  };
  const service = new ThreadService(rpcThread, new WorkerBackend(rpcThread, birth));
  const system = (endpointClass: unknown, args: readonly unknown[], isExported: boolean): void => {
    const found = endpointClass as EndpointClass;
    const endpointId = `${found.name}-${birth.thread}`;
    rpcThread.createSystem({ endpointClass: found, endpointId, args, isExported }, service);
  };
  system(Reception, [rpcThread, undefined], true);
  system(Agent, [rpcThread, service], false);
  // Home watches all workers, and the first of these that lives watches home.
  const before = Array.from({ length: birth.thread - 1 }, (_, i) => i + 1);
  const hasAliveBefore = (): boolean =>
    before.some((thread) => readProgress(region, thread).count !== 0);
  new Watchdog(
    rpcThread.thread,
    region,
    () => (hasAliveBefore() ? [] : [0]),
    (blocked) => port.post({ kind: 'blocked', blocked }, []),
  );
  port.onMessage(onMessage);
  port.post({ kind: 'ready' }, []);
}
