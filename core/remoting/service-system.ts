import type { ActorSystem } from '../actor/actor.js';
import type { SupervisorStrategy } from '../actor/supervision.js';
import type { TimerHandle } from '../base/clock.js';
import { RpcError } from '../errors/rpc-error.js';
import type { RpcService } from '../rpc/rpc-service.js';
import { ThreadService } from '../rpc/thread-service.js';
import { ActorHost, type HostOptions } from './actor-host.js';
import { HOST_ID_PREFIX } from './host-contract.js';
import { OPERATIONS } from './thread-remoting.js';

/** Options of a system over a service. */
export interface ServiceSystemOptions {
  /** How failures of the actors that the system makes are dealt with. Default: restart. */
  readonly supervision?: SupervisorStrategy;
}

/** Hosts that are being made, so that two who need one get the same. */
const starting = new WeakMap<RpcService, Promise<ActorHost>>();

/**
 * Opens the actor system of a service: its name is that of the service, its actors live on the
 * threads of the service, and other processes reach them where the service listens. On the home
 * thread; elsewhere it answers what was opened there. Throws `SERVICE_CLOSED`.
 */
export async function openServiceSystem(
  service: RpcService,
  options: ServiceSystemOptions & { readonly onClosed?: () => Promise<void> },
): Promise<ActorSystem> {
  const { onClosed = async () => {}, ...rest } = options;
  const onStopped = async (): Promise<void> => {
    await closeOtherHosts(service);
    await ActorHost.of(service)?.close();
    await onClosed();
  };
  return (await ensureHost(service, { ...rest, onStopped })).system;
}

/** The host of this thread, made when there is none. */
export function ensureHost(service: RpcService, options: HostOptions = {}): Promise<ActorHost> {
  const known = ActorHost.of(service);
  if (known) return Promise.resolve(known);
  let made = starting.get(service);
  if (made) return made;
  made = startHost(service, options).finally(() => starting.delete(service));
  starting.set(service, made);
  return made;
}

async function startHost(service: RpcService, options: HostOptions): Promise<ActorHost> {
  const { thread } = ThreadService.rpcThreadOf(service).thread;
  const server = await service.startServer(ActorHost, {
    endpointId: HOST_ID_PREFIX + thread,
    thread: thread === 0 ? 'home' : thread - 1,
    args: thread === 0 ? [options] : [],
  });
  await server.start();
  const host = ActorHost.of(service);
  if (!host) throw new RpcError('INVALID_STATE', 'the actor system was closed while it opened');
  host.close = () => server.close();
  return host;
}

/** Ends the actors that worker threads made by themselves; a thread that is stuck is left alone. */
async function closeOtherHosts(service: RpcService): Promise<void> {
  const rpcThread = ThreadService.rpcThreadOf(service);
  const { clock, settings } = rpcThread.thread;
  const closing = Array.from({ length: service.threads }, (_, index) =>
    rpcThread
      .agent(index + 1)
      .run(OPERATIONS, 'closeHost', null)
      .catch(() => {}),
  );
  let timer: TimerHandle | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = clock.schedule(resolve, settings.stopTimeoutMs);
  });
  await Promise.race([Promise.all(closing), limit]);
  timer?.cancel();
}
