import { Builder, ByteBuffer } from 'flatbuffers';
import { Failure } from '../../schemas/gen/index.js';
import { LIMITS } from '../config/limits.js';
import { ERROR_CODES, type Effect, type ErrorCode, errorCodeOf } from '../errors/error-codes.js';
import { RpcError, describeThrown } from '../errors/rpc-error.js';
import { type Link, NO_AMOUNT, cut, isOurs, linkOf, read } from './failure-link.js';
import { FAILURE_SPEC } from './table-specs.js';
import { verify } from './verifier.js';

/** What the place that caught an error knows about the call; every field is optional. */
export interface FailureContext {
  /**
   * Wraps whatever was thrown, an `RpcError` too, as the cause of an error of this code. Without
   * it an `RpcError` travels as it is and anything else as the cause of `HANDLER_FAILED`.
   */
  readonly code?: ErrorCode;
  /** The effect of the wrapping error, when the place knows better than the code table. */
  readonly effect?: Effect;
  readonly endpoint?: string;
  readonly method?: string;
  readonly address?: string;
  /** True leaves stacks out: a peer need not see file names of this machine. */
  readonly omitStacks?: boolean;
}

const NO_CONTEXT: FailureContext = {};
const EFFECTS: readonly Effect[] = ['none', 'unknown'];
const INITIAL_BYTES = 1024;

/**
 * A `Failure` table for whatever was thrown. Never throws itself: hostile getters, cycles, strings
 * and null all become text. Texts are cut to `LIMITS.errorTextLength` code units, the chain of
 * causes to `LIMITS.causeDepth`.
 */
export function encodeFailure(thrown: unknown, context: FailureContext = NO_CONTEXT): Uint8Array {
  const links: Link[] = [];
  if (context.code !== undefined || !isOurs(thrown)) links.push(wrapper(thrown, context));
  let cause = thrown;
  do {
    const link = linkOf(cause);
    links.push(links.length === 0 ? { ...link, ...placeOf(link, context) } : link);
    cause = read(cause, 'cause');
  } while (links.length < LIMITS.causeDepth && cause !== undefined);
  const builder = new Builder(INITIAL_BYTES);
  let offset = 0;
  for (const link of links.reverse()) offset = writeLink(builder, link, offset, context);
  builder.finish(offset);
  return builder.asUint8Array();
}

/**
 * The error of a `Failure` table: always an `RpcError`, whose `cause` is a plain Error with the
 * name, message, code and stack that the other side saw, or again an `RpcError`. Bytes that are no
 * `Failure` give `PROTOCOL_ERROR` as the answer; it does not throw.
 */
export function decodeFailure(bytes: Uint8Array): RpcError {
  const reason = verify(bytes, FAILURE_SPEC);
  if (reason !== undefined) {
    return new RpcError('PROTOCOL_ERROR', `a failure cannot be read: ${reason}`);
  }
  const failure = Failure.getRootAsFailure(new ByteBuffer(bytes));
  const stackTraceLimit = Error.stackTraceLimit;
  // A stack of the decoding place says nothing, and taking it is the dearest part of an error.
  Error.stackTraceLimit = 0;
  try {
    return rpcErrorOf(failure, LIMITS.causeDepth);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function wrapper(thrown: unknown, context: FailureContext): Link {
  const code = context.code ?? 'HANDLER_FAILED';
  return {
    code,
    effect: context.effect ?? ERROR_CODES[code].effect,
    name: 'RpcError',
    message: cut(`${where(context)}${describeThrown(thrown)}`),
    stack: undefined,
    foreignCode: undefined,
    endpoint: context.endpoint,
    method: context.method,
    address: context.address,
    limit: NO_AMOUNT,
    actual: NO_AMOUNT,
  };
}

function where({ endpoint, method }: FailureContext): string {
  if (method === undefined) return '';
  return endpoint === undefined ? `${method}: ` : `${endpoint}.${method}: `;
}

/** An `RpcError` that was made without knowing the call learns it on its way out. */
function placeOf(link: Link, context: FailureContext): Partial<Link> {
  return {
    endpoint: link.endpoint ?? context.endpoint,
    method: link.method ?? context.method,
    address: link.address ?? context.address,
    effect: context.effect ?? link.effect,
  };
}

function writeLink(builder: Builder, link: Link, cause: number, context: FailureContext): number {
  const text = (value: string | undefined): number =>
    value === undefined ? 0 : builder.createString(value);
  const name = text(link.name);
  const message = text(link.message);
  const stack = context.omitStacks === true ? 0 : text(link.stack);
  const foreignCode = text(link.foreignCode);
  const endpoint = text(link.endpoint);
  const method = text(link.method);
  const address = text(link.address);
  Failure.startFailure(builder);
  Failure.addCode(builder, link.code === undefined ? 0 : ERROR_CODES[link.code].wire);
  Failure.addEffect(builder, EFFECTS.indexOf(link.effect));
  Failure.addName(builder, name);
  Failure.addMessage(builder, message);
  Failure.addStack(builder, stack);
  Failure.addForeignCode(builder, foreignCode);
  Failure.addEndpoint(builder, endpoint);
  Failure.addMethod(builder, method);
  Failure.addAddress(builder, address);
  Failure.addLimit(builder, link.limit);
  Failure.addActual(builder, link.actual);
  Failure.addCause(builder, cause);
  return Failure.endFailure(builder);
}

function rpcErrorOf(failure: Failure, depth: number): RpcError {
  const wire = failure.code();
  const known = errorCodeOf(wire);
  const text = failure.message() ?? '';
  const limit = failure.limit();
  const actual = failure.actual();
  const endpoint = failure.endpoint();
  const method = failure.method();
  const address = failure.address();
  const cause = failure.cause();
  const message = known === undefined ? `failure ${wire}, which this version lacks: ${text}` : text;
  const error = new RpcError(known ?? 'PROTOCOL_ERROR', message, {
    effect: EFFECTS[failure.effect()] ?? 'unknown',
    ...(endpoint === null ? {} : { endpoint }),
    ...(method === null ? {} : { method }),
    ...(address === null ? {} : { address }),
    ...(limit >= 0 ? { limit } : {}),
    ...(actual >= 0 ? { actual } : {}),
    ...(cause === null || depth <= 1 ? {} : { cause: causeOf(cause, depth - 1) }),
  });
  setStack(error, failure.stack());
  return error;
}

function causeOf(failure: Failure, depth: number): Error {
  if (failure.code() !== 0) return rpcErrorOf(failure, depth);
  const inner = failure.cause();
  const cause = inner === null || depth <= 1 ? undefined : causeOf(inner, depth - 1);
  const error = new Error(failure.message() ?? '', cause === undefined ? undefined : { cause });
  const hidden = { writable: true, enumerable: false, configurable: true };
  Object.defineProperty(error, 'name', { value: failure.name() ?? 'Error', ...hidden });
  const code = failure.foreignCode();
  if (code !== null) {
    Object.defineProperty(error, 'code', { value: code, ...hidden, enumerable: true });
  }
  setStack(error, failure.stack());
  return error;
}

function setStack(error: Error, stack: string | null): void {
  if (stack === null) return;
  const hidden = { writable: true, enumerable: false, configurable: true };
  Object.defineProperty(error, 'stack', { value: stack, ...hidden });
}
