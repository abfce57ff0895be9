/**
 * Here, and only here, the engine is put together with its threads, sockets and pool. Loaded by the
 * first `RpcService.start`: code that only defines or calls endpoints never needs it.
 */
import {
  effectiveOptions,
  Home,
  type RpcService,
  type RpcServiceOptions,
  tcpTransport,
} from './core/host.js';
import { offloadPool } from './workers/offload-pool.js';
import { workerThreadHost } from './workers/thread-host.js';

/** See `RpcService.start`. */
export function startService(options: RpcServiceOptions): Promise<RpcService> {
  const ports = { threadHost: workerThreadHost, offload: offloadPool, transport: tcpTransport };
  return new Home(effectiveOptions(options), ports).start();
}
