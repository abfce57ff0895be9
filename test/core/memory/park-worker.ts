import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { openLane } from '../../../core/memory/lane-descriptor.js';
import { LaneReader } from '../../../core/memory/lane-reader.js';
import { LaneWriter } from '../../../core/memory/lane-writer.js';
import { ParkWord } from '../../../core/memory/park-word.js';
import { openRegion, type Region } from '../../../core/memory/region-descriptor.js';

/** A thread that plays ping-pong with its peers over lanes, park words and bells. */
export interface ParkJob {
  readonly thread: number;
  readonly region: SharedArrayBuffer;
  readonly peers: readonly ParkPeer[];
  /** Messages to every peer. */
  readonly rounds: number;
  /** The one that serves; the others only talk to the hub. */
  readonly isHub: boolean;
  readonly seed: number;
}

export interface ParkPeer {
  readonly thread: number;
  readonly laneIn: SharedArrayBuffer;
  readonly laneOut: SharedArrayBuffer;
  readonly bell: MessagePort;
}

export interface ParkReport {
  readonly records: number;
  readonly parks: number;
  /** Sleeps on the spot: no bell, but a notification. */
  readonly blocks: number;
  /** Parks that were taken back because the look after PARKED found a record. */
  readonly takenBack: number;
  readonly rings: number;
  readonly bells: number;
  /** Bells that came to a thread that was awake, and wakes that found nothing. */
  readonly spurious: number;
  /** How often the safety net found a sleeper with work: must be 0. */
  readonly rescued: number;
}

/** The net: a sleeper that has records for this many looks of the timer lost its wake-up. */
const NET_PERIOD_MS = 250;
const NET_LOOKS = 8;
const BLOCK_LIMIT_MS = NET_PERIOD_MS * NET_LOOKS;

interface Link {
  readonly reader: LaneReader;
  readonly writer: LaneWriter;
  readonly word: ParkWord;
  readonly bell: MessagePort;
  expected: number;
}

class Player {
  readonly #job: ParkJob;
  readonly #own: ParkWord;
  readonly #links: Link[];
  readonly #net: NodeJS.Timeout;
  #random: number;
  #asleep = false;
  #done = false;
  #polls = 0;
  #netLooks = 0;
  #records = 0;
  #parks = 0;
  #blocks = 0;
  #takenBack = 0;
  #rings = 0;
  #bells = 0;
  #spurious = 0;
  #rescued = 0;

  constructor(job: ParkJob) {
    this.#job = job;
    this.#random = job.seed | 1;
    const region = openRegion(job.region);
    this.#own = new ParkWord(region, job.thread);
    this.#links = job.peers.map((peer) => this.#link(region, peer));
    this.#net = setInterval(() => this.#lookForLostWakeUp(), NET_PERIOD_MS);
  }

  start(): void {
    if (!this.#job.isHub) for (const link of this.#links) this.#send(link, 1);
    this.#turn();
  }

  #link(region: Region, peer: ParkPeer): Link {
    const { thread } = this.#job;
    peer.bell.on('message', () => this.#onBell());
    return {
      reader: new LaneReader(openLane(peer.laneIn, { producer: peer.thread, consumer: thread })),
      writer: new LaneWriter(openLane(peer.laneOut, { producer: thread, consumer: peer.thread })),
      word: new ParkWord(region, peer.thread),
      bell: peer.bell,
      expected: 1,
    };
  }

  #turn(): void {
    const before = this.#records;
    for (const link of this.#links) {
      link.reader.drain(
        { onRecord: (source, _type, offset) => this.#onValue(link, source.words[offset >> 2]!) },
        64,
      );
    }
    if (this.#done) return;
    if (this.#records !== before) this.#polls = this.#draw(4);
    else if (this.#polls-- <= 0) return this.#draw(3) === 0 ? this.#block() : this.#park();
    setImmediate(() => this.#turn());
  }

  /** The order of park-word.ts: PARKED first, then one more look at every lane. */
  #park(): void {
    this.#parks++;
    this.#pause();
    this.#own.park();
    this.#pause();
    if (this.#hasWork()) {
      this.#takenBack++;
      this.#own.unpark();
      setImmediate(() => this.#turn());
      return;
    }
    this.#asleep = true;
  }

  /** The same order with BLOCKED, asleep without an event loop. */
  #block(): void {
    this.#blocks++;
    this.#pause();
    this.#own.block();
    this.#pause();
    if (this.#hasWork()) this.#takenBack++;
    else {
      const beganMs = performance.now();
      this.#own.sleep(BLOCK_LIMIT_MS);
      const hasTimedOut = performance.now() - beganMs >= BLOCK_LIMIT_MS;
      if (hasTimedOut && this.#hasWork()) this.#rescued++;
    }
    this.#own.unpark();
    setImmediate(() => this.#turn());
  }

  #onBell(): void {
    this.#bells++;
    if (!this.#asleep || !this.#hasWork()) this.#spurious++;
    if (this.#asleep) this.#wake();
  }

  #wake(): void {
    this.#asleep = false;
    this.#own.unpark();
    this.#pause();
    this.#turn();
  }

  #onValue(link: Link, value: number): void {
    if (value !== link.expected) throw new Error(`got ${value}, expected ${link.expected}`);
    this.#records++;
    link.expected++;
    if (this.#job.isHub) this.#send(link, value);
    else if (value < this.#job.rounds) this.#send(link, value + 1);
    this.#done = this.#links.every(({ expected }) => expected > this.#job.rounds);
    if (this.#done) this.#finish();
  }

  #send(link: Link, value: number): void {
    const offset = link.writer.claim(8);
    if (offset < 0) throw new Error('the lane of a ping-pong is never full');
    link.writer.words[offset >> 2] = value;
    link.writer.commit(8, 1);
    link.writer.publish();
    this.#pause();
    if (!link.word.mustRing()) return;
    this.#rings++;
    link.bell.postMessage(null);
  }

  #hasWork(): boolean {
    return this.#links.some((link) => link.reader.hasRecords());
  }

  #lookForLostWakeUp(): void {
    this.#netLooks = this.#asleep && this.#hasWork() ? this.#netLooks + 1 : 0;
    if (this.#netLooks < NET_LOOKS) return;
    this.#rescued++;
    this.#wake();
  }

  #draw(bound: number): number {
    this.#random = (Math.imul(this.#random, 1_103_515_245) + 12_345) | 0;
    return (this.#random >>> 16) % bound;
  }

  /** Nothing, or some microseconds of work between two steps of the protocol. */
  #pause(): void {
    const kind = this.#draw(8);
    let rest = kind < 4 ? 0 : this.#draw(kind === 7 ? 8000 : 400);
    while (rest > 0) rest--;
  }

  #finish(): void {
    clearInterval(this.#net);
    for (const { bell } of this.#links) bell.unref();
    const report: ParkReport = {
      records: this.#records,
      parks: this.#parks,
      blocks: this.#blocks,
      takenBack: this.#takenBack,
      rings: this.#rings,
      bells: this.#bells,
      spurious: this.#spurious,
      rescued: this.#rescued,
    };
    parentPort?.postMessage(report);
  }
}

new Player(workerData as ParkJob).start();
