import { deepEqual, equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FULL } from '../../../core/memory/lane-writer.js';
import { type LanePair, lanePair, spaceOf } from './lane-pair.js';

/** What a test does to a lane next. */
type Action =
  | { readonly kind: 'write'; readonly claimed: number; readonly cut: number }
  | { readonly kind: 'claim only'; readonly claimed: number }
  | { readonly kind: 'publish' }
  | { readonly kind: 'drain'; readonly limit: number }
  | { readonly kind: 'drain and throw'; readonly at: number };

interface ModelRecord {
  readonly stamp: number;
  /** Position after the record; unbounded, unlike the words in the lane. */
  readonly end: number;
  readonly length: number;
}

/** The lane as plain arrays and positions that never wrap. */
class LaneModel {
  readonly capacity: number;
  readonly unpublished: ModelRecord[] = [];
  readonly published: ModelRecord[] = [];
  tail: number;
  publishedTail: number;
  head: number;

  constructor(capacity: number, start: number) {
    this.capacity = capacity;
    this.tail = start;
    this.publishedTail = start;
    this.head = start;
  }

  /** Where a claim of `length` begins, FULL, or undefined when it is a mistake. */
  claim(length: number): number | undefined {
    const required = spaceOf(length);
    const offset = this.tail % this.capacity;
    const toEnd = this.capacity - offset;
    const room = this.capacity - (this.tail - this.head);
    if (required <= toEnd) return room >= required ? offset + 8 : FULL;
    if (required > this.capacity / 2) return undefined;
    if (room < toEnd + required) return FULL;
    this.tail += toEnd;
    return 8;
  }

  commit(length: number, stamp: number): void {
    this.tail += spaceOf(length);
    this.unpublished.push({ stamp, end: this.tail, length: spaceOf(length) - 8 });
  }

  publish(): boolean {
    const moved = this.tail !== this.publishedTail;
    this.publishedTail = this.tail;
    this.published.push(...this.unpublished.splice(0));
    return moved;
  }

  /** Takes up to `limit` records; padding is read only on the way to a further record. */
  take(limit: number): ModelRecord[] {
    const taken = this.published.splice(0, limit);
    if (taken.length > 0) this.head = taken.at(-1)!.end;
    if (taken.length < limit) this.head = this.publishedTail;
    return taken;
  }
}

/** Every byte of a body follows from its stamp, so a byte of another record is seen. */
function fill(bytes: Buffer, offset: number, length: number, stamp: number): void {
  for (let i = 0; i < length; i++) bytes[offset + i] = (stamp * 31 + i) & 0xff;
}

function isIntact(bytes: Buffer, offset: number, length: number, stamp: number): boolean {
  for (let i = 0; i < length; i++) {
    if (bytes[offset + i] !== ((stamp * 31 + i) & 0xff)) return false;
  }
  return true;
}

class Run {
  readonly #pair: LanePair;
  readonly #model: LaneModel;
  #stamp = 0;

  constructor(capacity: number, start: number) {
    this.#pair = lanePair(capacity, start);
    this.#model = new LaneModel(capacity, start);
  }

  take(action: Action): void {
    const { writer } = this.#pair;
    if (action.kind === 'publish') equal(writer.publish(), this.#model.publish());
    else if (action.kind === 'drain') this.#drain(action.limit, Number.POSITIVE_INFINITY);
    else if (action.kind === 'drain and throw') this.#drain(100, action.at);
    else this.#claim(action.claimed, action.kind === 'write' ? action.cut : undefined);
    this.#compare();
  }

  /** Reads everything that is left. */
  finish(): void {
    this.take({ kind: 'publish' });
    this.take({ kind: 'drain', limit: 1000 });
    equal(this.#pair.writer.usedBytes(), 0);
  }

  #claim(claimed: number, cut: number | undefined): void {
    const { writer } = this.#pair;
    const expected = this.#model.claim(claimed);
    if (expected === undefined) {
      throws(() => writer.claim(claimed), /at most half a lane/);
      return;
    }
    equal(writer.claim(claimed), expected);
    if (expected === FULL || cut === undefined) return;
    const length = Math.max(0, claimed - cut);
    const stamp = this.#stamp++;
    fill(writer.bytes, expected, spaceOf(length) - 8, stamp);
    writer.commit(length, stamp);
    this.#model.commit(length, stamp);
  }

  #drain(limit: number, throwAt: number): void {
    const seen: number[] = [];
    const fails = throwAt < this.#model.published.length;
    const records = this.#model.take(fails ? throwAt + 1 : limit);
    const drain = (): number =>
      this.#pair.reader.drain(
        {
          onRecord(source, type, offset, length) {
            equal(length, records[seen.length]?.length);
            equal(isIntact(source.bytes, offset, length, type), true, `record ${type}`);
            seen.push(type);
            if (seen.length - 1 === throwAt) throw new Error('handler');
          },
        },
        limit,
      );
    if (fails) throws(drain, /^Error: handler$/);
    else equal(drain(), records.length);
    deepEqual(
      seen,
      records.map((record) => record.stamp),
    );
  }

  #compare(): void {
    const { writer, reader } = this.#pair;
    const model = this.#model;
    equal(writer.usedBytes(), model.tail - model.head);
    equal(writer.unpublishedBytes, model.tail - model.publishedTail);
    equal(reader.hasRecords(), model.publishedTail !== model.head);
  }
}

function actions(capacity: number): fc.Arbitrary<Action[]> {
  const claimed = fc.oneof(
    fc.integer({ min: 0, max: capacity / 2 - 8 }),
    fc.constantFrom(0, 8, capacity / 2 - 8, capacity - 8),
  );
  const write = fc.record({
    kind: fc.constant('write' as const),
    claimed,
    cut: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: claimed }),
  });
  const one = fc.oneof(
    { weight: 8, arbitrary: write },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('claim only' as const), claimed }) },
    { weight: 4, arbitrary: fc.constant({ kind: 'publish' as const }) },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('drain' as const), limit: fc.nat({ max: 8 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('drain and throw' as const),
        at: fc.nat({ max: 4 }),
      }),
    },
  );
  return fc.array(one, { minLength: 10, maxLength: 120, size: 'max' });
}

const starts = fc
  .tuple(fc.constantFrom(0, 2 ** 31, 2 ** 32), fc.integer({ min: 0, max: 60 }))
  .map(([wrap, words]) => Math.max(0, wrap - words * 8));

for (const capacity of [64, 128, 256, 1024]) {
  test(`a lane of ${capacity} bytes behaves as a plain array does`, () => {
    fc.assert(
      fc.property(starts, actions(capacity), (start, list) => {
        const run = new Run(capacity, start);
        for (const action of list) run.take(action);
        run.finish();
      }),
      { numRuns: 400 },
    );
  });
}
