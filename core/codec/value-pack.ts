import { Packr, Unpackr } from 'msgpackr';
import { RpcError } from '../errors/rpc-error.js';
import type { Attachments } from './attached.js';
import { toExact } from './value-exact.js';
import { EXACT, SHARED, ValueGuard } from './value-guard.js';
import { notSerializable } from './value-path.js';
import { type RevivalContext, revive } from './value-revival.js';
import { TAG_MSGPACK, TAG_MSGPACK_EXACT } from './value-tags.js';

/** `useToJSON` is msgpackr's option since 2.0, not yet in its types. */
interface PackrOptions extends NonNullable<ConstructorParameters<typeof Packr>[0]> {
  readonly useToJSON: boolean;
}

const READING = { moreTypes: true, mapsAsObjects: false, copyBuffers: true };
const WRITING: PackrOptions = { ...READING, useToJSON: false };

/** Tracking references costs a Map a message, so only values that repeat an object pay for it. */
const treePackr = new Packr(WRITING);
const graphPackr = new Packr({ ...WRITING, structuredClone: true });
const unpackr = new Unpackr({ ...READING, structuredClone: true });

let idleGuard: ValueGuard | undefined = new ValueGuard();

/** One value as MessagePack: the bytes stay valid, whatever is packed after them. */
export interface PackedValue {
  readonly tag: typeof TAG_MSGPACK | typeof TAG_MSGPACK_EXACT;
  readonly bytes: Buffer;
}

/** Packs any value by structured-clone rules; throws `NOT_SERIALIZABLE` naming the path. */
export function packValue(value: unknown, root: string, attachments: Attachments): PackedValue {
  // A getter of the value may make a call of its own, so a guard can be asked while it walks.
  const guard = idleGuard ?? new ValueGuard();
  idleGuard = undefined;
  let findings: number;
  try {
    findings = guard.inspect(value, root, attachments);
  } finally {
    idleGuard = guard;
  }
  const packr = findings & SHARED ? graphPackr : treePackr;
  try {
    if ((findings & EXACT) === 0) return { tag: TAG_MSGPACK, bytes: packr.pack(value) };
    const exact = toExact(value, attachments);
    // The mark itself is an object met again and again.
    const bytes = (exact.isMarked ? graphPackr : packr).pack(exact.value);
    return { tag: exact.isMarked ? TAG_MSGPACK_EXACT : TAG_MSGPACK, bytes };
  } catch (error) {
    throw notSerializable(root, 'cannot be encoded', error);
  }
}

/** Where a packed value lies. */
interface PackedPlace {
  readonly bytes: Buffer;
  readonly start: number;
  readonly length: number;
}

/** Private memory for the decoder: msgpackr is faster on it, and no value can alias the source. */
const scratch = Buffer.alloc(16 * 1024);

/** Reads what {@link packValue} wrote; throws `PROTOCOL_ERROR` on anything else, never more. */
export function unpackValue(
  { bytes, start, length }: PackedPlace,
  tag: number,
  context: RevivalContext,
): unknown {
  try {
    const isSmall = length <= scratch.length;
    const source = isSmall ? scratch.subarray(0, length) : Buffer.allocUnsafeSlow(length);
    bytes.copy(source, 0, start, start + length);
    // `unpack` prints the value into its error when bytes are left: 500 bytes can take a minute.
    const values: unknown[] = unpackr.unpackMultiple(source);
    if (values.length !== 1) throw new TypeError(`${values.length} values instead of one`);
    const [value] = values;
    return tag === TAG_MSGPACK_EXACT ? revive(value, context) : value;
  } catch (error) {
    throw new RpcError('PROTOCOL_ERROR', 'an encoded value cannot be read', { cause: error });
  }
}
