import type net from 'node:net';
import { deferred } from '../base/deferred.js';
import { RpcError } from '../errors/rpc-error.js';
import type { TransportDialOptions } from './byte-stream.js';
import { connectionFailed, dialFailed } from './network-errors.js';
import { scheduleTimeout } from './timeout.js';

/** A socket that has begun to connect, and the event that says that it has done so. */
export interface StartedSocket {
  readonly socket: net.Socket;
  readonly event: 'connect' | 'secureConnect';
}

/**
 * Resolves when the socket that `start` makes is connected. Fails with `CONNECTION_FAILED` naming
 * where, at once or after the time that `options` give, or `CANCELLED`; then the socket is gone.
 */
export async function connected<Started extends StartedSocket>(
  name: string,
  options: TransportDialOptions,
  start: () => Started,
): Promise<Started> {
  const { clock, timeoutMs, signal } = options;
  if (signal?.aborted) throw cancelled(name, signal);
  const outcome = deferred<void>();
  const started = start();
  const { socket, event } = started;
  const onError = (cause: Error): void => outcome.reject(dialFailed(name, cause));
  const onClose = (): void => outcome.reject(dialFailed(name, 'it hung up'));
  const onAbort = (): void => outcome.reject(cancelled(name, signal!));
  const timer = scheduleTimeout(
    clock,
    () => outcome.reject(connectionFailed(name, `no answer within ${timeoutMs} ms`)),
    timeoutMs,
  );
  socket.once(event, outcome.resolve);
  socket.on('error', onError);
  socket.on('close', onClose);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await outcome.promise;
    return started;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    timer.cancel();
    socket.off('close', onClose);
    signal?.removeEventListener('abort', onAbort);
  }
}

function cancelled(name: string, signal: AbortSignal): RpcError {
  const text = `connecting to ${name} was given up`;
  return new RpcError('CANCELLED', text, { effect: 'none', address: name, cause: signal.reason });
}
