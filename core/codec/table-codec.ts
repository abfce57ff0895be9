import { Builder, ByteBuffer } from 'flatbuffers';
import { RpcError } from '../errors/rpc-error.js';
import { type TableSpec, verify } from './verifier.js';

const INITIAL_BYTES = 256;

/** Builds one table; `build` answers its offset. The bytes are the caller's own. */
export function encodeTable(build: (builder: Builder) => number): Uint8Array {
  const builder = new Builder(INITIAL_BYTES);
  builder.finish(build(builder));
  return builder.asUint8Array();
}

/** Verifies `bytes` and opens them; throws `PROTOCOL_ERROR` saying what is wrong. */
export function openTable(bytes: Uint8Array, spec: TableSpec): ByteBuffer {
  const reason = verify(bytes, spec);
  if (reason !== undefined) {
    throw new RpcError('PROTOCOL_ERROR', `a ${spec.name} cannot be read: ${reason}`);
  }
  return new ByteBuffer(bytes);
}

/** A text that every version writes; throws `PROTOCOL_ERROR` when it is missing. */
export function required(text: string | null, field: string): string {
  if (text === null) throw new RpcError('PROTOCOL_ERROR', `the field ${field} is missing`);
  return text;
}

/** The elements of a vector of tables, which is verified and therefore has no holes. */
export function elements<T>(count: number, at: (index: number) => T | null): T[] {
  const list: T[] = [];
  for (let i = 0; i < count; i++) {
    const element = at(i);
    if (element !== null) list.push(element);
  }
  return list;
}
