/** The door `ringlane`: every public name, one by one. */
import type { RpcServiceOptions } from './core/config/options.js';
import type { RpcService as Service } from './core/rpc/rpc-service.js';

/** Starts endpoints and connects to them (Flink RpcService). */
export type RpcService = Service;

/** Starts services; see {@link RpcServiceOptions} for what can be set. */
export const RpcService = {
  /**
   * Opens the port if there is one, brings up the worker threads, answers the service. Fails with
   * `INVALID_ARGUMENT`, `BIND_FAILED` or `THREAD_START_FAILED`; then nothing is left open.
   */
  async start(options: RpcServiceOptions = {}): Promise<RpcService> {
    const { startService } = await import('./start.js');
    return startService(options);
  },
} as const;

export {
  fb,
  type MethodCodec,
  type TableClass,
  type TableOf,
  type TableSource,
  v8,
} from './core/codec/method-codec.js';
export { move } from './core/codec/moved.js';
export type { Clock, TimerHandle } from './core/base/clock.js';
export type { Logger } from './core/base/logger.js';
export type {
  ListenOptions,
  RpcServiceOptions,
  ThreadSupervision,
  TlsOptions,
} from './core/config/options.js';
export { ERROR_CODES, type Effect, type ErrorCode } from './core/errors/error-codes.js';
export { isRpcError, RpcError, type RpcErrorDetails } from './core/errors/rpc-error.js';
export type { ServiceMetrics } from './core/metrics/counters.js';
export type { ThreadMetrics } from './core/metrics/metrics-descriptor.js';
export {
  type CallSender,
  type CurrentCall,
  currentCall,
} from './core/rpc/current-call.js';
export type { DeadLetterReport } from './core/rpc/dead-letter-reports.js';
export { type Closeable, RpcEndpoint } from './core/rpc/endpoint.js';
export { FencedRpcEndpoint } from './core/rpc/fenced-endpoint.js';
export type { FencingToken } from './core/rpc/fencing.js';
export {
  type AnyGateway,
  type AskMethod,
  ask,
  type CallOptions,
  callOptions,
  defineGateway,
  type GatewayContract,
  type GatewayOf,
  type MethodOptions,
  type MethodTable,
  type Serves,
  type TellMethod,
  tell,
} from './core/rpc/gateway.js';
export { type BlockingGateway, blocking } from './core/rpc/blocking.js';
export { addressOf, hostnameOf, ready } from './core/rpc/gateway-builder.js';
export type { MainThreadExecutor } from './core/rpc/main-thread.js';
export { RpcInvocation } from './core/rpc/rpc-invocation.js';
export type {
  ConnectOptions,
  Placement,
  RpcServer,
  StartServerOptions,
} from './core/rpc/rpc-service.js';
