import { isUtf8 } from 'node:buffer';
import { LIMITS } from '../config/limits.js';

/** A field of a table as the verifier sees it; the order is that of the schema. */
export type FieldSpec =
  | { readonly kind: 'scalar'; readonly size: 1 | 2 | 4 | 8 }
  | { readonly kind: 'struct'; readonly size: number; readonly alignment: 1 | 2 | 4 | 8 }
  | { readonly kind: 'string' }
  | { readonly kind: 'vector'; readonly size: 1 | 2 | 4 | 8 }
  | { readonly kind: 'table'; readonly of: () => TableSpec }
  | { readonly kind: 'tables'; readonly of: () => TableSpec };

/** A table: its fields by slot of the vtable. Slots behind them belong to newer versions. */
export interface TableSpec {
  readonly name: string;
  readonly fields: readonly FieldSpec[];
}

/** Bounds of one verification, tighter than those of C++ because our tables are known. */
export const VERIFIER_LIMITS = {
  /** Tables inside one another, the root included. */
  depth: 16,
  /** Tables in all: one, and one for each method of the largest handshake. */
  tables: 1 + LIMITS.methodsPerEndpoint,
  /** Fields that a newer version may have beside ours, all together. */
  fields: 256,
} as const;

const FRAME_BYTES_MIN = 8;
const VTABLE_HEADER_BYTES = 4;

/**
 * Checks that `bytes` are one well-formed FlatBuffer with a root table of `spec`: every offset,
 * length, alignment and text, so that no generated accessor can read outside. Answers undefined,
 * or the reason in words. It rejects and never repairs; it never throws.
 */
export function verify(bytes: Uint8Array, spec: TableSpec): string | undefined {
  return new Verification(bytes).run(spec);
}

/** Tables yet to be looked at are kept in a list, so the depth of the data is not ours. */
class Verification {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #length: number;
  readonly #specs: TableSpec[] = [];
  readonly #positions: number[] = [];
  readonly #depths: number[] = [];
  #tables = 0;
  /** Shared parts count each time they are met: small input must not make much work. */
  #budget: number;
  #reason: string | undefined;
  /** The table and the slot at hand (-1: the table itself), named only when something is wrong. */
  #spec: TableSpec | undefined;
  #slot = -1;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#length = bytes.length;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#budget = 2 * bytes.length;
  }

  run(spec: TableSpec): string | undefined {
    if (this.#length < FRAME_BYTES_MIN) return `only ${this.#length} bytes`;
    this.#follow(spec, 0, 1);
    while (this.#reason === undefined && this.#positions.length > 0) {
      this.#table(this.#specs.pop()!, this.#positions.pop()!, this.#depths.pop()!);
    }
    return this.#reason;
  }

  #reject(reason: string): false {
    this.#reason ??= reason;
    return false;
  }

  #rejectThis(reason: string): false {
    const table = this.#spec?.name ?? 'the root';
    return this.#reject(`${this.#slot < 0 ? table : `field ${this.#slot} of ${table}`} ${reason}`);
  }

  /** True when `length` bytes at `position` are inside and there is budget to look at them. */
  #spend(position: number, length: number): boolean {
    if (position + length > this.#length) return this.#rejectThis('is outside');
    this.#budget -= length;
    return this.#budget >= 0 || this.#reject('shared parts add up to too many bytes');
  }

  /** The position that the offset at `position` names; 0 when it is bad. */
  #target(position: number): number {
    const offset = this.#view.getUint32(position, true);
    const target = position + offset;
    const isGood = offset >= 4 && target <= this.#length - 4 && target % 4 === 0;
    if (!isGood) this.#rejectThis(`has the offset ${offset} at ${position}`);
    return isGood ? target : 0;
  }

  #follow(spec: TableSpec, position: number, depth: number): void {
    if (depth > VERIFIER_LIMITS.depth) return void this.#reject(`${spec.name} is nested too deep`);
    if (++this.#tables > VERIFIER_LIMITS.tables) return void this.#reject('too many tables');
    const target = this.#target(position);
    if (target === 0) return;
    this.#specs.push(spec);
    this.#positions.push(target);
    this.#depths.push(depth);
  }

  #table(spec: TableSpec, position: number, depth: number): void {
    const view = this.#view;
    this.#spec = spec;
    this.#slot = -1;
    const vtable = position - view.getInt32(position, true);
    if (vtable < 0 || vtable > this.#length - VTABLE_HEADER_BYTES || vtable % 2 !== 0) {
      return void this.#rejectThis(`has its vtable at ${vtable}`);
    }
    const vtableBytes = view.getUint16(vtable, true);
    const isSized =
      vtableBytes >= VTABLE_HEADER_BYTES &&
      vtableBytes % 2 === 0 &&
      vtableBytes <= VTABLE_HEADER_BYTES + 2 * VERIFIER_LIMITS.fields &&
      vtable + vtableBytes <= this.#length;
    if (!isSized) return void this.#rejectThis(`has a vtable of ${vtableBytes} bytes`);
    const tableBytes = view.getUint16(vtable + 2, true);
    if (tableBytes < 4) return void this.#rejectThis(`has ${tableBytes} bytes`);
    if (!this.#spend(position, tableBytes)) return;
    const slots = Math.min(spec.fields.length, (vtableBytes - VTABLE_HEADER_BYTES) >> 1);
    for (let slot = 0; slot < slots && this.#reason === undefined; slot++) {
      const offset = view.getUint16(vtable + VTABLE_HEADER_BYTES + 2 * slot, true);
      if (offset === 0) continue;
      const field = spec.fields[slot]!;
      this.#slot = slot;
      if (offset < 4 || offset + inlineBytes(field) > tableBytes) {
        return void this.#rejectThis('is outside its table');
      }
      this.#field(field, position + offset, depth);
    }
  }

  #field(field: FieldSpec, position: number, depth: number): void {
    if (position % inlineAlignment(field) !== 0) return void this.#rejectThis('is not aligned');
    switch (field.kind) {
      case 'string':
        return this.#string(position);
      case 'vector':
        return void this.#vector(position, field.size);
      case 'table':
        return this.#follow(field.of(), position, depth + 1);
      case 'tables':
        return this.#elements(field.of(), this.#vector(position, 4), depth + 1);
      default:
    }
  }

  #elements(spec: TableSpec, start: number, depth: number): void {
    const count = start === 0 ? 0 : this.#view.getUint32(start - 4, true);
    for (let i = 0; i < count && this.#reason === undefined; i++) {
      this.#follow(spec, start + 4 * i, depth);
    }
  }

  /** Where the elements of the vector begin; 0 when it is bad. */
  #vector(position: number, size: number): number {
    const target = this.#target(position);
    if (target === 0) return 0;
    const count = this.#view.getUint32(target, true);
    const start = target + 4;
    if (size === 8 && count > 0 && start % 8 !== 0) this.#rejectThis('is not aligned');
    return this.#spend(target, 4 + count * size) && this.#reason === undefined ? start : 0;
  }

  #string(position: number): void {
    const start = this.#vector(position, 1);
    if (start === 0) return;
    const end = start + this.#view.getUint32(start - 4, true);
    if (end >= this.#length || this.#bytes[end] !== 0) {
      return void this.#rejectThis('does not end with a zero');
    }
    if (!isUtf8(this.#bytes.subarray(start, end))) this.#rejectThis('is not UTF-8');
  }
}

function inlineBytes(field: FieldSpec): number {
  return field.kind === 'scalar' || field.kind === 'struct' ? field.size : 4;
}

function inlineAlignment(field: FieldSpec): number {
  if (field.kind === 'scalar') return field.size;
  return field.kind === 'struct' ? field.alignment : 4;
}
