import { Builder, ByteBuffer } from 'flatbuffers';
import { Failure } from '../../schemas/gen/index.js';
import { LIMITS } from '../config/limits.js';
import { ERROR_CODES, type Effect, type ErrorCode, errorCodeOf } from '../errors/error-codes.js';
import { RpcError, describeThrown } from '../errors/rpc-error.js';
import { type Link, NO_AMOUNT, cut, linkOf, read, readList } from './failure-link.js';
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
  const builder = new Builder(INITIAL_BYTES);
  builder.finish(new FailureWriter(builder, context).root(thrown));
  return builder.asUint8Array();
}

/** Writes a failure and what it holds, inside out, as FlatBuffers are built. */
class FailureWriter {
  readonly #builder: Builder;
  readonly #context: FailureContext;
  /** The way to the one at hand: who comes round again is left out. */
  readonly #above: unknown[] = [];
  #left: number = LIMITS.failuresPerAnswer;

  constructor(builder: Builder, context: FailureContext) {
    this.#builder = builder;
    this.#context = context;
  }

  root(thrown: unknown): number {
    const context = this.#context;
    const link = linkOf(thrown);
    if (context.code === undefined && link.code !== undefined) {
      return this.#write({ ...link, ...placeOf(link, context) }, thrown, 1);
    }
    this.#left--;
    const cause = this.#write(link, thrown, 2);
    return writeLink(this.#builder, wrapper(thrown, context), { cause, errors: 0 }, context);
  }

  /** Answers the offset of `thrown`, which is `depth` failures deep. */
  #write(link: Link, thrown: unknown, depth: number): number {
    this.#left--;
    this.#above.push(thrown);
    const inner = depth + 1;
    const cause = this.#follow(read(thrown, 'cause'), inner);
    const offsets = readList(thrown, 'errors', LIMITS.aggregatedErrors)
      .map((error) => this.#follow(error, inner))
      .filter((offset) => offset !== 0);
    const errors = offsets.length === 0 ? 0 : Failure.createErrorsVector(this.#builder, offsets);
    this.#above.pop();
    return writeLink(this.#builder, link, { cause, errors }, this.#context);
  }

  /** 0 when there is nothing, or no room for it. */
  #follow(thrown: unknown, depth: number): number {
    if (thrown === undefined || depth > LIMITS.causeDepth || this.#left <= 0) return 0;
    if (this.#above.includes(thrown)) return 0;
    return this.#write(linkOf(thrown), thrown, depth);
  }
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

/** Offsets of what a failure holds; 0 = nothing. */
interface Inner {
  readonly cause: number;
  readonly errors: number;
}

function writeLink(builder: Builder, link: Link, inner: Inner, context: FailureContext): number {
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
  Failure.addCause(builder, inner.cause);
  Failure.addErrors(builder, inner.errors);
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
  const options = cause === undefined ? undefined : { cause };
  const errors = errorsOf(failure, depth);
  const message = failure.message() ?? '';
  const error =
    errors.length > 0 ? new AggregateError(errors, message, options) : new Error(message, options);
  const hidden = { writable: true, enumerable: false, configurable: true };
  Object.defineProperty(error, 'name', { value: failure.name() ?? 'Error', ...hidden });
  const code = failure.foreignCode();
  if (code !== null) {
    Object.defineProperty(error, 'code', { value: code, ...hidden, enumerable: true });
  }
  setStack(error, failure.stack());
  return error;
}

/** What an `AggregateError` held. A peer may send more than we would: no more than that is read. */
function errorsOf(failure: Failure, depth: number): Error[] {
  if (depth <= 1) return [];
  const count = Math.min(failure.errorsLength(), LIMITS.aggregatedErrors);
  return Array.from({ length: count }, (_, index) => failure.errors(index)).flatMap((inner) =>
    inner === null ? [] : [causeOf(inner, depth - 1)],
  );
}

function setStack(error: Error, stack: string | null): void {
  if (stack === null) return;
  const hidden = { writable: true, enumerable: false, configurable: true };
  Object.defineProperty(error, 'stack', { value: stack, ...hidden });
}
