/** What the agent of a thread does for the actors of other threads of the same process. */
import { RpcError } from '../errors/rpc-error.js';
import type { RpcService } from '../rpc/rpc-service.js';
import { ActorHost, type FailureReport } from './actor-host.js';
import { ensureHost } from './service-system.js';
import type { ActorSpec } from './thread-remoting.js';

/** Before anything that names an actor can be read on a thread, it needs its host. */
export async function openHost(service: RpcService): Promise<void> {
  await ensureHost(service);
}

export async function spawnActor(service: RpcService, spec: ActorSpec): Promise<string> {
  return (await ensureHost(service)).spawn(spec);
}

export function judgeFailure(service: RpcService, report: FailureReport): unknown {
  const host = ActorHost.of(service);
  if (!host) throw new RpcError('RECIPIENT_UNREACHABLE', 'the parent is gone', { effect: 'none' });
  return host.judge(report);
}

export function resumeActor(service: RpcService, uid: number): void {
  ActorHost.of(service)?.resume(uid);
}

export async function closeHost(service: RpcService): Promise<void> {
  await ActorHost.of(service)?.close();
}
