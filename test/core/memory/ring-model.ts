import type { MemoryModel, Model } from '../../support/interleaving.js';
import type { Operation, Step, ThreadBody } from '../../support/thread-program.js';

/**
 * What LaneWriter and LaneReader do to a lane, in units of 8 bytes: a record is one header unit
 * and up to one unit of payload. Positions have so few bits that they wrap within the model.
 */
export type RingBug =
  | 'payload written after publish'
  | 'plain tail store'
  | 'head stored before the payload is read'
  | 'padding omitted at the wrap'
  | 'reader compares with <'
  | 'writer compares with <'
  | 'room at the start is not checked';

export interface RingModel {
  /** Units of the lane, a power of two, at most a quarter of what positions can count. */
  readonly capacity: number;
  readonly positionBits: number;
  readonly start: number;
  /** Units of every record, header included: 1 or 2. */
  readonly sizes: readonly number[];
  /** Records a publication. */
  readonly batch: number;
  /** Records a drain. */
  readonly limit: number;
  readonly memory?: MemoryModel;
  readonly bug?: RingBug;
}

function step(at: string, locals: readonly number[], operation: Operation): Step {
  return { at, locals, operation };
}

/** Signed wrap, as `| 0` wraps 32 bits. */
function wrap(value: number, bits: number): number {
  return (value << (32 - bits)) >> (32 - bits);
}

const unit = (index: number): string => `unit ${index}`;
/** A header is never 0, which is what unwritten memory holds. */
const headerOf = (size: number, sequence: number): number => sequence * 4 + size;
const PADDING = -1;

function writer(o: RingModel): ThreadBody {
  const { capacity, positionBits: bits, sizes, batch, bug } = o;
  const late = bug === 'payload written after publish';
  const storeTail = bug === 'plain tail store' ? 'plain-store' : 'store';
  return function* () {
    let tail = o.start;
    let published = tail;
    let head = tail;
    const locals = (): number[] => [tail, published, head];
    const hasRoom = (required: number): boolean =>
      bug === 'writer compares with <'
        ? tail + required <= head + capacity
        : capacity - wrap(tail - head, bits) >= required;
    for (const [index, size] of sizes.entries()) {
      const at = (text: string): string => `record ${index}: ${text}`;
      const publish = (): Step =>
        step(at('store tail'), locals(), { kind: storeTail, cell: 'tail', value: tail });
      const toEnd = capacity - (tail & (capacity - 1));
      const wraps = size > toEnd;
      const checked = bug === 'room at the start is not checked' ? toEnd : toEnd + size;
      const required = wraps ? checked : size;
      while (!hasRoom(required)) {
        head = yield step(at('load head'), locals(), { kind: 'load', cell: 'head' });
        if (hasRoom(required)) break;
        // Full: what is committed must become visible, or nobody ever makes room.
        if (tail !== published) yield publish();
        published = tail;
      }
      if (wraps) {
        const cell = unit(tail & (capacity - 1));
        const pad = step(at('pad'), locals(), { kind: 'plain-store', cell, value: PADDING });
        if (bug !== 'padding omitted at the wrap') yield pad;
        tail = wrap(tail + toEnd, bits);
      }
      const offset = tail & (capacity - 1);
      const payload = { kind: 'plain-store', cell: unit(offset + 1), value: index } as const;
      if (size === 2 && !late) yield step(at('write payload'), locals(), payload);
      const header = headerOf(size, index);
      const write = { kind: 'plain-store', cell: unit(offset), value: header } as const;
      yield step(at('write header'), locals(), write);
      tail = wrap(tail + size, bits);
      if ((index + 1) % batch === 0 || index === sizes.length - 1) {
        yield publish();
        published = tail;
      }
      if (size === 2 && late) yield step(at('write payload'), locals(), payload);
    }
  };
}

/** Reads what a `drain` reads; the checks are those of the stress: content, order, no more. */
function reader(o: RingModel): ThreadBody {
  const { capacity, positionBits: bits, sizes, bug } = o;
  const early = bug === 'head stored before the payload is read';
  return function* () {
    let head = o.start;
    let sequence = 0;
    while (sequence < sizes.length) {
      const before = head;
      const tail = yield step('load tail', [head, sequence], { kind: 'load', cell: 'tail' });
      const more = (): boolean =>
        bug === 'reader compares with <' ? head < tail : wrap(tail - head, bits) !== 0;
      for (let count = 0; more() && count < o.limit; ) {
        const locals = [head, sequence, tail, count, before];
        const offset = head & (capacity - 1);
        const header = yield step('read header', locals, { kind: 'load', cell: unit(offset) });
        if (header === PADDING) {
          head = wrap(head + capacity - offset, bits);
          continue;
        }
        const size = sizes[sequence]!;
        if (header !== headerOf(size, sequence)) yield wrong(`header ${header}`, locals);
        head = wrap(head + size, bits);
        if (early) yield step('store head', locals, { kind: 'store', cell: 'head', value: head });
        if (size === 2) {
          const load = { kind: 'load', cell: unit(offset + 1) } as const;
          const payload = yield step('read payload', locals, load);
          if (payload !== sequence) yield wrong(`payload ${payload}`, locals);
        }
        sequence++;
        count++;
        if (sequence === sizes.length) break;
      }
      const after = [head, sequence];
      if (head !== before) {
        yield step('store head', after, { kind: 'store', cell: 'head', value: head });
      }
    }
  };
}

function wrong(what: string, locals: readonly number[]): Step {
  return step(`read ${what}`, locals, { kind: 'fail', reason: `read ${what}` });
}

/** A writer and a reader of one lane; head never passes tail, tail never laps head. */
export function ringModel(o: RingModel): Model {
  const start = wrap(o.start, o.positionBits);
  const cells: Record<string, number> = { tail: start, head: start };
  for (let index = 0; index <= o.capacity; index++) cells[unit(index)] = 0;
  const options = { ...o, start };
  return {
    cells,
    threads: { writer: writer(options), reader: reader(options) },
    memory: o.memory ?? 'sc',
    invariant: (state) => {
      const used = wrap(state.cell('tail') - state.cell('head'), o.positionBits);
      return used < 0 || used > o.capacity ? `${used} units are used` : undefined;
    },
  };
}
