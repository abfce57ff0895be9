/** What a worker thread needs to run, and no more: it is loaded once a thread, at start. */
export { assert } from './base/assert.js';
export type { RpcServiceOptions } from './config/options.js';
export type { OffloadPool } from './rpc/rpc-thread.js';
export type {
  HostedThread,
  ThreadBirth,
  ThreadExit,
  ThreadHost,
  ThreadMessage,
} from './rpc/thread-host.js';
export { runWorkerThread } from './rpc/worker-thread.js';
