import { parentPort, workerData } from 'node:worker_threads';
import { createLane, type LaneOwners, openLane } from '../../../core/memory/lane-descriptor.js';
import { LaneReader } from '../../../core/memory/lane-reader.js';
import { LaneWriter } from '../../../core/memory/lane-writer.js';
import { ParkWord } from '../../../core/memory/park-word.js';
import { openRegion } from '../../../core/memory/region-descriptor.js';

/** Two threads run one race many times; litmus.stress.ts knows the legal outcomes. */
export type Race =
  | 'park against publish'
  | 'two ringers'
  | 'unpark against a ringer'
  | 'drain against two publications'
  | 'announcement against a drain';

export interface LitmusJob {
  readonly race: Race;
  readonly side: 0 | 1;
  readonly rounds: number;
  readonly region: SharedArrayBuffer;
  readonly lane: SharedArrayBuffer;
  /** Rounds that each side has reached, two cache lines apart, then the answers of both. */
  readonly gate: SharedArrayBuffer;
}

export const LITMUS_OWNERS: LaneOwners = { producer: 1, consumer: 0 };
export const LITMUS_GATE_BYTES = 512;

/** A lane that one record of 8 bytes fills. */
export function litmusLane(race: Race): SharedArrayBuffer {
  const isTight = race === 'announcement against a drain';
  return createLane(LITMUS_OWNERS, isTight ? 16 : 64, 2 ** 31 - 64);
}

const STRIDE = 32;
const ANSWERS = 2 * STRIDE;
const STOP = 3 * STRIDE;
const LOOKS_BEFORE_PAUSE = 2000;
const PAUSE_MS = 0.05;
/** Empty rounds before a side acts, at most; about a nanosecond each. */
const MAX_SKEW = 255;
/** A race is run less often where the two threads have to share a core. */
const BUDGET_MS = 1500;

/** What one side does in a race; the answer is a small number. */
interface Side {
  /** Brings this side back to the start, before the race. */
  readonly prepare?: () => void;
  readonly act: () => number;
}

function sidesOf(job: LitmusJob): readonly [Side, Side] {
  const memory = openLane(job.lane, LITMUS_OWNERS);
  const reader = new LaneReader(memory);
  const writer = new LaneWriter(memory);
  const word = new ParkWord(openRegion(job.region), 0);
  const drain = (): number => reader.drain({ onRecord() {} }, 100);
  const put = (): void => {
    writer.claim(8);
    writer.commit(8, 1);
  };
  const ring = { act: () => Number(word.mustRing()) };
  switch (job.race) {
    case 'park against publish': {
      const park = (): number => {
        word.park();
        return Number(reader.hasRecords());
      };
      const publish = (): number => {
        writer.publish();
        return Number(word.mustRing());
      };
      const prepare = (): void => {
        word.unpark();
        drain();
      };
      return [
        { prepare, act: park },
        { prepare: put, act: publish },
      ];
    }
    case 'two ringers':
      return [{ prepare: () => word.park(), ...ring }, ring];
    case 'unpark against a ringer': {
      const unpark = (): number => {
        word.unpark();
        return 0;
      };
      return [{ prepare: () => word.park(), act: unpark }, ring];
    }
    case 'drain against two publications': {
      const publishTwice = (): number => {
        for (let i = 0; i < 2; i++) {
          put();
          writer.publish();
        }
        return 0;
      };
      return [{ prepare: drain, act: drain }, { act: publishTwice }];
    }
    case 'announcement against a drain': {
      const drainAndRing = (): number => {
        drain();
        return Number(reader.mustRingProducer());
      };
      const announce = (): number => {
        writer.announceWaiting();
        return Number(writer.usedBytes() === 0);
      };
      const prepare = (): void => {
        reader.mustRingProducer();
        put();
        writer.publish();
      };
      return [{ act: drainAndRing }, { prepare, act: announce }];
    }
  }
}

/** Waits until the other side has come as far; gives the core away when that takes long. */
function meet(gate: Int32Array, side: 0 | 1, step: number): void {
  Atomics.store(gate, side * STRIDE, step);
  const other = (1 - side) * STRIDE;
  for (let looks = 0; ; looks++) {
    const seen = Atomics.load(gate, other);
    if (seen >= step) return;
    if (looks >= LOOKS_BEFORE_PAUSE) Atomics.wait(gate, other, seen, PAUSE_MS);
  }
}

/** Runs this side; answers how often each pair of answers was seen. */
function run(job: LitmusJob): Record<string, number> {
  const gate = new Int32Array(job.gate);
  const mine = sidesOf(job)[job.side];
  const seen: Record<string, number> = {};
  let random = 12_345 + job.side;
  const endMs = performance.now() + BUDGET_MS;
  for (let round = 0; round < job.rounds && Atomics.load(gate, STOP) === 0; round++) {
    mine.prepare?.();
    meet(gate, job.side, 3 * round + 1);
    random = (Math.imul(random, 1_103_515_245) + 12_345) | 0;
    // Either side may come first: what takes how long differs from machine to machine.
    for (let skew = (random >>> 16) & MAX_SKEW; skew > 0; skew--);
    const answer = mine.act();
    Atomics.store(gate, ANSWERS + job.side, answer);
    meet(gate, job.side, 3 * round + 2);
    if (job.side === 0) {
      const key = `${answer} ${Atomics.load(gate, ANSWERS + 1)}`;
      seen[key] = (seen[key] ?? 0) + 1;
      // Side 0 decides before both meet, so both leave after the same round.
      if (performance.now() > endMs) Atomics.store(gate, STOP, 1);
    }
    meet(gate, job.side, 3 * round + 3);
  }
  return seen;
}

if (parentPort && workerData) parentPort.postMessage(run(workerData as LitmusJob));
