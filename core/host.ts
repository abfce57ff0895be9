/**
 * What the home thread of a service needs beside what every thread needs. A door of its own, so
 * that worker threads do not load sockets and directories that they never use.
 */
export { effectiveOptions, type RpcServiceOptions } from './config/options.js';
export { Home, type ServicePorts } from './rpc/home.js';
export type { RpcService } from './rpc/rpc-service.js';
export { MemoryTransport } from './transport/memory-transport.js';
export { tcpTransport } from './transport/tcp-transport.js';
