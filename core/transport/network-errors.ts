import type { Effect } from '../errors/error-codes.js';
import { describeThrown, RpcError } from '../errors/rpc-error.js';

/** The code of a system error such as ECONNREFUSED; an error of several attempts has the first. */
export function systemCodeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** One line for a system error. One that bundles several attempts has no message of its own. */
function describe(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map((attempt) => describeThrown(attempt)).join('; ');
  }
  return describeThrown(error);
}

/** `CONNECTION_FAILED` naming the address. */
export function connectionFailed(address: string, reason: string, cause?: unknown): RpcError {
  return new RpcError('CONNECTION_FAILED', `cannot connect to ${address}: ${reason}`, {
    address,
    cause,
  });
}

/** `CONNECTION_FAILED` for what the system said. */
export function dialFailed(address: string, cause: unknown): RpcError {
  return connectionFailed(address, describe(cause), cause);
}

/** `BIND_FAILED` naming where. */
export function bindFailed(address: string, cause: unknown): RpcError {
  return new RpcError('BIND_FAILED', `cannot listen on ${address}: ${describe(cause)}`, {
    address,
    cause,
  });
}

/** `PEER_LOST` of a connection that was up. */
export function peerLost(remote: string, reason: string, cause?: unknown): RpcError {
  return new RpcError('PEER_LOST', `the connection with ${remote} is lost: ${reason}`, {
    address: remote,
    cause,
  });
}

/** `PEER_LOST` for what the system said; undefined when the stream just ended. */
export function streamLost(remote: string, cause: Error | undefined): RpcError {
  return peerLost(remote, cause === undefined ? 'it ended' : describe(cause), cause);
}

/** `PROTOCOL_ERROR`: what `remote` sent is not our protocol. */
export function protocolError(remote: string, problem: string, effect?: Effect): RpcError {
  return new RpcError('PROTOCOL_ERROR', `${remote}: ${problem}`, {
    address: remote,
    ...(effect === undefined ? {} : { effect }),
  });
}
