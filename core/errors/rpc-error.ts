import { types } from 'node:util';
import { ERROR_CODES, type Effect, type ErrorCode } from './error-codes.js';

/** What an {@link RpcError} knows beside its code; every field is optional. */
export interface RpcErrorDetails {
  readonly effect?: Effect;
  readonly endpoint?: string;
  readonly method?: string;
  readonly address?: string;
  /** The bound that was met, in the unit of the limit named in the message. */
  readonly limit?: number;
  /** The size that met the bound. */
  readonly actual?: number;
  readonly cause?: unknown;
}

/** An own property of every instance, so that neither a prototype nor a proxy can claim it. */
const brand = Symbol.for('ringlane.RpcError');

/**
 * The one error class of the engine. Class identity is lost between threads, processes and copies
 * of the package, so tell errors apart by `code`, and recognise ours with {@link isRpcError}.
 */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: ErrorCode;
  /** `none`: the method surely did not run, a retry is safe. */
  readonly effect: Effect;
  readonly endpoint: string | undefined;
  readonly method: string | undefined;
  readonly address: string | undefined;
  readonly limit: number | undefined;
  readonly actual: number | undefined;

  constructor(code: ErrorCode, message: string, details: RpcErrorDetails = {}) {
    super(
      `${code}: ${message}`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.code = code;
    this.effect = details.effect ?? ERROR_CODES[code].effect;
    this.endpoint = details.endpoint;
    this.method = details.method;
    this.address = details.address;
    this.limit = details.limit;
    this.actual = details.actual;
    Object.defineProperty(this, brand, { value: true });
  }
}

/** True for an `RpcError` of this or any other copy of the package. */
export function isRpcError(value: unknown): value is RpcError {
  // A proxy may say anything, and a revoked one throws whatever it is asked.
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false;
  return Object.hasOwn(value, brand);
}

/** Adopts whatever was thrown: an `RpcError` as it is, anything else as the cause of a new one. */
export function toRpcError(thrown: unknown, code: ErrorCode, message: string): RpcError {
  if (isRpcError(thrown)) return thrown;
  return new RpcError(code, `${message}: ${describeThrown(thrown)}`, { cause: thrown });
}

/** One line for anything that can be thrown, hostile objects included. */
export function describeThrown(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return `${thrown.name}: ${thrown.message}`;
    return String(thrown);
  } catch {
    return 'a value that cannot be printed';
  }
}
