import { parentPort, workerData } from 'node:worker_threads';
import { type LaneOwners, openLane } from '../../../core/memory/lane-descriptor.js';
import { LaneReader, type RecordSource } from '../../../core/memory/lane-reader.js';
import { FULL, LaneWriter } from '../../../core/memory/lane-writer.js';

/** One end of a lane in a thread of its own; lane.stress.ts starts it. */
export interface LaneJob {
  readonly role: 'produce' | 'consume';
  readonly lane: SharedArrayBuffer;
  readonly owners: LaneOwners;
  readonly records: number;
  readonly maxWords: number;
  readonly seed: number;
}

/** What an end has seen; both ends of a lane must agree. */
export interface LaneReport {
  readonly records: number;
  readonly bytes: number;
  readonly checksum: number;
  /** How often the writer met a full lane, or the reader an empty one. */
  readonly waits: number;
}

const YIELD_AFTER_LOOKS = 200;
/** Bounds one wait for the other end: it gives the core away instead of spinning on it. */
const PAUSE_MS = 0.05;

const pauseWord = new Int32Array(new SharedArrayBuffer(4));

/** xorshift32: both ends draw the same lengths and words from the same seed. */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 1;
  }

  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x;
  }
}

/** Spins a little, then lets another thread have the core. */
class Patience {
  waits = 0;
  #looks = 0;

  onWork(): void {
    this.#looks = 0;
  }

  onNothing(): void {
    if (++this.#looks < YIELD_AFTER_LOOKS) return;
    this.#looks = 0;
    this.waits++;
    Atomics.wait(pauseWord, 0, 0, PAUSE_MS);
  }
}

function produce(job: LaneJob): LaneReport {
  const writer = new LaneWriter(openLane(job.lane, job.owners));
  const random = new Random(job.seed);
  const patience = new Patience();
  let checksum = 0;
  let bytes = 0;
  for (let sequence = 0; sequence < job.records; sequence++) {
    const words = 1 + ((random.next() >>> 8) % job.maxWords);
    let offset = writer.claim(words * 4);
    while (offset === FULL) {
      writer.publish();
      patience.onNothing();
      offset = writer.claim(words * 4);
    }
    patience.onWork();
    const first = offset >> 2;
    writer.words[first] = sequence;
    let sum = sequence;
    for (let i = 1; i < words; i++) {
      const word = random.next();
      writer.words[first + i] = word;
      sum = (Math.imul(sum, 31) + word) | 0;
    }
    writer.commit(words * 4, sum & 0x7fff_ffff);
    checksum = (checksum + sum) | 0;
    bytes += words * 4;
    // Batches of random length, so that publications meet drains at every place.
    if ((random.next() & 7) === 0) writer.publish();
  }
  writer.publish();
  return { records: job.records, bytes, checksum, waits: patience.waits };
}

/** Repeats the producer's draws and compares every word with what the lane brought. */
class Checker {
  checksum = 0;
  bytes = 0;
  sequence = 0;
  readonly #random: Random;
  readonly #maxWords: number;

  constructor(job: LaneJob) {
    this.#random = new Random(job.seed);
    this.#maxWords = job.maxWords;
  }

  onRecord(source: RecordSource, type: number, offset: number, length: number): void {
    const words = 1 + ((this.#random.next() >>> 8) % this.#maxWords);
    const first = offset >> 2;
    this.#expect('sequence', source.words[first]!, this.sequence);
    this.#expect('length', length, (words * 4 + 7) & -8);
    let sum = this.sequence;
    for (let i = 1; i < words; i++) {
      const word = source.words[first + i]!;
      this.#expect(`word ${i}`, word, this.#random.next());
      sum = (Math.imul(sum, 31) + word) | 0;
    }
    this.#expect('type', type, sum & 0x7fff_ffff);
    this.#random.next();
    this.checksum = (this.checksum + sum) | 0;
    this.bytes += words * 4;
    this.sequence++;
  }

  #expect(what: string, actual: number, expected: number): void {
    if (actual === expected) return;
    throw new Error(`record ${this.sequence}: ${what} is ${actual}, not ${expected}`);
  }
}

function consume(job: LaneJob): LaneReport {
  const reader = new LaneReader(openLane(job.lane, job.owners));
  const checker = new Checker(job);
  const patience = new Patience();
  while (checker.sequence < job.records) {
    // Limits of every size, so that heads are stored at every place of the lane.
    const limit = 1 + (checker.sequence % 97);
    if (reader.drain(checker, limit) > 0) patience.onWork();
    else patience.onNothing();
  }
  const { checksum, bytes, sequence } = checker;
  return { records: sequence, bytes, checksum, waits: patience.waits };
}

const job = workerData as LaneJob;
parentPort?.postMessage(job.role === 'produce' ? produce(job) : consume(job));
