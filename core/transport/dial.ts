import { RpcError } from '../errors/rpc-error.js';
import { formatTransportAddress, type Transport, type TransportAddress } from './byte-stream.js';
import type { Connection, ConnectionListener, ConnectionOptions } from './connection.js';
import { Handshake, type Identity } from './handshake.js';
import { GRACE_MS } from './timeout.js';

/** Options of {@link dial}. */
export interface DialOptions extends ConnectionOptions {
  /** Gets the records of the peer, from before the promise resolves. */
  readonly listener: ConnectionListener;
  /** Gives up. */
  readonly signal?: AbortSignal;
}

/**
 * Connects and shakes hands, both within `connectTimeoutMs`. Fails with `CONNECTION_FAILED`
 * (nobody answers), `HANDSHAKE_REJECTED` (another protocol version), `PROTOCOL_ERROR` (something
 * else answers) or `CANCELLED`, always with effect none and the address.
 */
export async function dial(
  transport: Transport,
  target: TransportAddress,
  identity: Identity,
  options: DialOptions,
): Promise<Connection> {
  const { clock, connectTimeoutMs, signal } = options;
  const deadlineMs = clock.nowMs() + connectTimeoutMs;
  const stream = await transport.dial(target, {
    clock,
    timeoutMs: connectTimeoutMs,
    ...(signal === undefined ? {} : { signal }),
  });
  // If we were the late one, the peer has not had any time for its HELLO.
  const leftMs = Math.max(GRACE_MS, deadlineMs - clock.nowMs());
  const left = { ...options, connectTimeoutMs: leftMs };
  return new Promise((resolve, reject) => {
    const onAbort = (): void => handshake.abandon(cancelled(target, signal!));
    const release = (): void => signal?.removeEventListener('abort', onAbort);
    const handshake = new Handshake(stream, identity, left, {
      onOpen: (connection) => {
        release();
        resolve(connection);
        return options.listener;
      },
      onFailed: (error) => {
        release();
        reject(error);
      },
    });
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) onAbort();
    else handshake.start();
  });
}

function cancelled(target: TransportAddress, signal: AbortSignal): RpcError {
  const address = formatTransportAddress(target);
  const text = `connecting to ${address} was given up`;
  return new RpcError('CANCELLED', text, { effect: 'none', address, cause: signal.reason });
}
