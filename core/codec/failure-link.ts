import { LIMITS } from '../config/limits.js';
import { ERROR_CODES, type Effect, type ErrorCode } from '../errors/error-codes.js';
import { describeThrown, isRpcError } from '../errors/rpc-error.js';

/** One link of the chain, read from a thrown value with every hostile getter behind it. */
export interface Link {
  /** Of this version; undefined for what is no `RpcError`. */
  readonly code: ErrorCode | undefined;
  readonly effect: Effect;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly foreignCode: string | undefined;
  readonly endpoint: string | undefined;
  readonly method: string | undefined;
  readonly address: string | undefined;
  readonly limit: number;
  readonly actual: number;
}

/** The `limit` and `actual` of an error that has none. */
export const NO_AMOUNT = -1;

/** What can be read from one thrown value; never throws. */
export function linkOf(thrown: unknown): Link {
  const isObject = (typeof thrown === 'object' && thrown !== null) || typeof thrown === 'function';
  if (!isObject) return plainLink('NonError', describeThrown(thrown));
  const name = readText(thrown, 'name') ?? 'NonError';
  const message = readText(thrown, 'message') ?? describeThrown(thrown);
  const stack = readText(thrown, 'stack');
  // Read once: a getter may answer something else the next time.
  const code = read(thrown, 'code');
  if (!isRpcError(thrown) || !isCodeOfOurs(code)) {
    const hasCode = typeof code === 'string' || typeof code === 'number';
    return {
      ...plainLink(name, message),
      stack,
      foreignCode: hasCode ? cut(`${code}`) : undefined,
    };
  }
  const prefix = `${code}: `;
  return {
    code,
    effect: read(thrown, 'effect') === 'none' ? 'none' : 'unknown',
    name,
    message: message.startsWith(prefix) ? message.slice(prefix.length) : message,
    stack,
    foreignCode: undefined,
    endpoint: readText(thrown, 'endpoint'),
    method: readText(thrown, 'method'),
    address: readText(thrown, 'address'),
    limit: readAmount(thrown, 'limit'),
    actual: readAmount(thrown, 'actual'),
  };
}

function isCodeOfOurs(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERROR_CODES, code);
}

function plainLink(name: string, message: string): Link {
  return {
    code: undefined,
    effect: 'unknown',
    name: cut(name),
    message: cut(message),
    stack: undefined,
    foreignCode: undefined,
    endpoint: undefined,
    method: undefined,
    address: undefined,
    limit: NO_AMOUNT,
    actual: NO_AMOUNT,
  };
}

/** A property of whatever was thrown; undefined when it cannot be read. */
export function read(thrown: unknown, key: string): unknown {
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  try {
    return (thrown as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** At most `limit` elements of a list; none when it is no list or cannot be read. */
export function readList(thrown: unknown, key: string, limit: number): unknown[] {
  try {
    const list = read(thrown, key);
    return Array.isArray(list) ? Array.from(list.slice(0, limit)) : [];
  } catch {
    return [];
  }
}

function readText(thrown: unknown, key: string): string | undefined {
  const value = read(thrown, key);
  return typeof value === 'string' ? cut(value) : undefined;
}

function readAmount(thrown: unknown, key: string): number {
  const value = read(thrown, key);
  return typeof value === 'number' && value >= 0 ? value : NO_AMOUNT;
}

/** At most `LIMITS.errorTextLength` code units, and no half of a surrogate pair at the end. */
export function cut(text: string): string {
  if (text.length <= LIMITS.errorTextLength) return text;
  const last = text.charCodeAt(LIMITS.errorTextLength - 1);
  const isHalf = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, LIMITS.errorTextLength - (isHalf ? 1 : 0));
}
