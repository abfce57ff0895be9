import { deserialize, serialize } from 'node:v8';
import { ByteBuffer } from 'flatbuffers';
import { describeThrown, RpcError } from '../errors/rpc-error.js';
import { Attachments } from './attached.js';
import { ValueGuard } from './value-guard.js';

/** How calls of one method travel between threads where the value codec is not what is wanted. */
export interface MethodCodec {
  /** Part of the contract: both sides must name the same. */
  readonly name: string;
  /** False: calls from other processes are refused, because their bytes cannot be trusted. */
  readonly takesForeign: boolean;
  /** The handler reads the bytes where they lie; they are its own until it returns or awaits. */
  readonly lends: boolean;
  /** The bytes that travel in place of all arguments; throws `NOT_SERIALIZABLE`. */
  encodeArguments(args: readonly unknown[]): Uint8Array;
  decodeArguments(bytes: Uint8Array): unknown[];
  /** Absent: results travel as values. */
  encodeResult?(result: unknown): Uint8Array;
  decodeResult?(bytes: Uint8Array): unknown;
}

function serialized(value: unknown, what: string): Uint8Array {
  try {
    return serialize(value);
  } catch (error) {
    // V8 names the value, not where it is.
    new ValueGuard().inspect(value, what, new Attachments());
    const text = `the ${what} cannot travel by the v8 codec: ${describeThrown(error)}`;
    throw new RpcError('NOT_SERIALIZABLE', text, { cause: error });
  }
}

/** V8's own structured serialisation: keeps `-0` and lone surrogates anywhere; see {@link v8}. */
const V8: MethodCodec = {
  name: 'v8',
  takesForeign: false,
  // Typed arrays that V8 reads are views of the bytes.
  lends: false,
  encodeArguments: (args) => serialized(args, 'arguments'),
  decodeArguments: (bytes) => deserialize(bytes) as unknown[],
  encodeResult: (result) => serialized(result, 'result'),
  decodeResult: (bytes) => deserialize(bytes) as unknown,
};

/**
 * Method option `codec: v8()`: arguments and results travel as V8 serialises them. Slower than the
 * value codec, and for the threads of one process only: V8 must not read bytes of strangers, so
 * calls from other processes are refused.
 */
export function v8(): MethodCodec {
  return V8;
}

/** A class that `flatc --ts` has generated for a table. */
export interface TableClass<Table> {
  readonly name: string;
  new (): Table & { __init(position: number, bytes: ByteBuffer): Table };
}

/** What a caller hands over: a finished `flatbuffers.Builder`, or the bytes of one. */
export type TableSource = Uint8Array | { asUint8Array(): Uint8Array };

/** For the compiler: an argument that callers build and handlers read; see {@link fb}. */
declare const table: unique symbol;

/** An argument that is a table: `ask<[monster: TableOf<Monster>]>({ codec: fb(Monster) })`. */
export interface TableOf<Table> {
  readonly [table]: Table;
}

/** A finished table has at least its root offset and one vtable offset. */
const TABLE_BYTES_MIN = 8;

/**
 * Method option `codec: fb(Table)`: the one argument is a FlatBuffers table of the user's own. The
 * caller gives a finished Builder or its bytes; the handler gets the accessor over the memory of
 * the lane, which is lent: valid until the handler's first `await`, its first blocking call, or
 * its return. Nothing is parsed, and nothing is copied but into the lane. The bytes are not
 * verified against the user's schema: an accessor reads zeros outside of them, never other
 * memory.
 */
export function fb<Table>(tableClass: TableClass<Table>): MethodCodec {
  return {
    name: `fb:${tableClass.name}`,
    takesForeign: true,
    lends: true,
    encodeArguments: (args) => finishedBytes(tableClass.name, args),
    decodeArguments: (bytes) => {
      const buffer = new ByteBuffer(bytes);
      return [new tableClass().__init(buffer.readInt32(0), buffer)];
    },
  };
}

function finishedBytes(name: string, args: readonly unknown[]): Uint8Array {
  const [source] = args as readonly [TableSource | undefined];
  const bytes = source instanceof Uint8Array ? source : source?.asUint8Array();
  if (args.length === 1 && bytes && bytes.length >= TABLE_BYTES_MIN) return bytes;
  const text = `fb(${name}) takes one argument, a finished Builder or its bytes`;
  throw new RpcError('INVALID_ARGUMENT', text);
}
