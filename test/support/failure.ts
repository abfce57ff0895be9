import { inspect } from 'node:util';
import { type ErrorCode, isRpcError, type RpcError } from '../../index.js';

/** The error of a call that must fail with this code. */
export async function failure(code: ErrorCode, call: Promise<unknown>): Promise<RpcError> {
  try {
    const value = await call;
    throw new Error(`${code} expected, but it answered ${inspect(value)}`);
  } catch (error) {
    if (isRpcError(error) && error.code === code) return error;
    throw error;
  }
}
