/**
 * What the rooms of this repository may use of core beside the public doors: workers, cluster,
 * apps, tests and benches. Outside semantic versioning.
 */
export { assert, AssertionFailed, unreachable } from './base/assert.js';
export { type Clock, systemClock, type TimerHandle } from './base/clock.js';
export { type Deferred, deferred, ignoreRejection, isThenable } from './base/deferred.js';
export { createRandomName, createWildcardName, randomId } from './base/ids.js';
export { guardLogger, type Logger, silentLogger } from './base/logger.js';
export * from './codec/registration-codec.js';
export { effectiveOptions, type RpcServiceOptions } from './config/options.js';
export { describeThrown, toRpcError } from './errors/rpc-error.js';
export { Home, type ServicePorts } from './rpc/home.js';
export type { OffloadPool } from './rpc/rpc-thread.js';
export type {
  HomePort,
  HostedThread,
  ThreadBirth,
  ThreadExit,
  ThreadHost,
  ThreadMessage,
} from './rpc/thread-host.js';
export { runWorkerThread } from './rpc/worker-thread.js';
export { MemoryTransport } from './transport/memory-transport.js';
export { tcpTransport } from './transport/tcp-transport.js';
