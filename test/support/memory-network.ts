import { effectiveOptions, Home, MemoryTransport } from '../../core/host.js';
import type { RpcService, RpcServiceOptions } from '../../index.js';
import { offloadPool } from '../../workers/offload-pool.js';
import { workerThreadHost } from '../../workers/thread-host.js';

/** Services that reach one another over a network that the test can hold up and look at. */
export function memoryNetwork() {
  const network = new MemoryTransport();
  const ports = { threadHost: workerThreadHost, offload: offloadPool, transport: network };
  const start = (options: RpcServiceOptions): Promise<RpcService> =>
    new Home(effectiveOptions(options), ports).start();
  return { network, start };
}
