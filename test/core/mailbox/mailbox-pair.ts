import { MessageChannel } from 'node:worker_threads';
import { systemClock } from '../../../core/base/clock.js';
import type { InboundLane } from '../../../core/mailbox/inbound-lane.js';
import type { LaneSender } from '../../../core/mailbox/lane-sender.js';
import type { LaneOffer } from '../../../core/mailbox/lane-senders.js';
import { Mailbox } from '../../../core/mailbox/mailbox.js';
import type { MailboxObserver } from '../../../core/mailbox/mailbox-observer.js';
import type { RecordHandler } from '../../../core/memory/lane-reader.js';
import { ParkWord } from '../../../core/memory/park-word.js';
import {
  createRegion,
  REGION_POLLERS_INDEX,
  type Region,
} from '../../../core/memory/region-descriptor.js';
import { SharedTime } from '../../../core/memory/shared-time.js';
import { ThreadLives } from '../../../core/memory/thread-lives.js';

const TYPE = 1;
const TYPE_BESIDE = 2;

/** Takes numbers; keeps them with who sent them. */
export class NumberSink implements RecordHandler<InboundLane>, MailboxObserver {
  readonly numbers: number[] = [];
  readonly failures: number[] = [];
  /** Lives of threads that were found to be over, as `thread:life`. */
  readonly replaced: string[] = [];
  /** Lanes of lives that were over when they came, as `thread:life`. */
  readonly late: string[] = [];
  /** Of each record: to which life does the way back lead, and is it open. */
  readonly waysBack: string[] = [];
  readonly repliesTo = new Set<LaneSender>();
  onLate: (thread: number, life: number) => void = () => {};
  isExpecting = false;
  hasAsked = false;
  onNumber: (value: number, producer: number) => void = () => {};

  expectsReplies(): boolean {
    return this.isExpecting;
  }

  takeHasAsked(): boolean {
    const hasAsked = this.hasAsked;
    this.hasAsked = false;
    return hasAsked;
  }

  onFlushed(): void {}

  onLaneFailure(producer: number): void {
    this.failures.push(producer);
  }

  onThreadReplaced(thread: number, life: number): void {
    this.replaced.push(`${thread}:${life}`);
  }

  onLateLane({ producer, replyTo }: InboundLane): void {
    this.late.push(`${producer}:${replyTo.life}`);
    this.onLate(producer, replyTo.life);
  }

  onRecord(lane: InboundLane, type: number, offset: number): void {
    let value = lane.words[offset >> 2]!;
    if (type === TYPE_BESIDE) value = new Int32Array(lane.takeBeside(value))[0]!;
    this.numbers.push(value);
    const { producer, replyTo } = lane;
    this.repliesTo.add(replyTo);
    this.waysBack.push(`${producer}:${replyTo.life}${replyTo.isOpen ? '' : ' closed'}`);
    this.onNumber(value, producer);
  }
}

/** Mailboxes of several "threads" that all live on this one. */
export class MailboxGroup {
  readonly mailboxes: Mailbox[] = [];
  readonly sinks: NumberSink[] = [];
  readonly offers: LaneOffer[] = [];
  readonly lives: ThreadLives;
  readonly #region: Region;
  readonly #backlogLimit: number;

  constructor(count: number, backlogLimit = 1000) {
    this.#region = createRegion(count);
    this.#backlogLimit = backlogLimit;
    this.lives = new ThreadLives(this.#region);
    for (let thread = 0; thread < count; thread++) this.spawn(thread);
  }

  /** Begins a life of a thread; the mailbox of an earlier one is left as it is. */
  spawn(thread: number): void {
    this.lives.begin(thread);
    const sink = new NumberSink();
    this.sinks[thread] = sink;
    sink.onLate = (producer, life) => this.mailboxes[thread]!.dropLanes(producer, life);
    this.mailboxes[thread] = new Mailbox({
      thread,
      region: this.#region,
      clock: systemClock,
      laneCapacityBytes: 256 * 1024,
      backlogLimit: this.#backlogLimit,
      handler: sink,
      offerLane: (offer) => {
        this.offers.push(offer);
        // As between real threads: a port is handed over, so it is an event away.
        const { port1, port2 } = new MessageChannel();
        port2.once('message', (moved: LaneOffer) => {
          port2.close();
          this.mailboxes[offer.consumer]!.acceptLane(moved);
        });
        port1.postMessage(offer, [offer.port]);
      },
    });
  }

  /** True when the thread has announced its sleep: the next record for it rings. */
  isParked(thread: number): boolean {
    return new ParkWord(this.#region, thread, this.lives.current(thread)).isParked();
  }

  /** Threads that count as pollers. */
  get awake(): number {
    return Atomics.load(this.#region.control, REGION_POLLERS_INDEX);
  }

  /** Lets the shared time say that nothing has happened for long. */
  passSilence(): void {
    const time = new SharedTime(this.#region);
    time.store(time.load() + 1000);
  }

  close(): void {
    for (const mailbox of this.mailboxes) mailbox.close();
  }

  /** Resolves when `condition` holds; looks once a turn of the event loop. */
  async until(condition: () => boolean): Promise<void> {
    const end = performance.now() + 10_000;
    while (!condition()) {
      if (performance.now() > end) throw new Error('it never came to hold');
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** Sends one number in a record of `lengthBytes`; false when there was no room. */
export function send(sender: LaneSender, value: number, lengthBytes = 8, isReply = false): boolean {
  const at = isReply ? sender.claimReply(lengthBytes) : sender.claim(lengthBytes);
  if (at < 0) return false;
  sender.words[at >> 2] = value;
  sender.commit(lengthBytes, TYPE);
  return true;
}

export function sendBeside(sender: LaneSender, value: number, lengthBytes = 4000): void {
  const at = sender.claim(8);
  if (at < 0) throw new Error('no room');
  const memory = new ArrayBuffer(lengthBytes);
  new Int32Array(memory)[0] = value;
  sender.words[at >> 2] = sender.sendBeside(memory);
  sender.commit(8, TYPE_BESIDE);
}
