import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { CancelBits } from '../memory/cancel-bits.js';
import { createLane, type LaneOwners, openLane } from '../memory/lane-descriptor.js';
import { LaneWriter } from '../memory/lane-writer.js';
import { RECORD_ALIGNMENT } from '../memory/record-descriptor.js';
import { ParkWord } from '../memory/park-word.js';
import type { Region } from '../memory/region-descriptor.js';
import { ThreadLives } from '../memory/thread-lives.js';
import type { TakeRecord } from './backlog.js';
import type { LanePort } from './lane-port.js';
import { LaneSender, type SenderHost } from './lane-sender.js';

/** A new lane on its way to its consumer's thread. */
export interface LaneOffer extends LaneOwners {
  /** The lives of both threads that the lane is for: see {@link ThreadLives}. */
  readonly producerLife: number;
  readonly consumerLife: number;
  readonly buffer: SharedArrayBuffer;
  readonly port: MessagePort;
}

/** What the senders of one thread are given. */
export interface LaneSendersParts {
  readonly thread: number;
  readonly region: Region;
  readonly laneCapacityBytes: number;
  readonly backlogLimit: number;
  readonly host: SenderHost;
  readonly portOf: (port: MessagePort) => LanePort;
  /** Hands a lane made here to the thread that will read it. */
  readonly offerLane: (offer: LaneOffer) => void;
  /** A thread was met in a later life than this one: that one has ended. */
  readonly onThreadReplaced: (thread: number, life: number) => void;
}

/** The lanes out of one thread: at most one to each other thread, made on first use. */
export class LaneSenders {
  readonly #parts: LaneSendersParts;
  readonly #lives: ThreadLives;
  /** This thread's own. */
  readonly #life: number;
  readonly #senders: (LaneSender | undefined)[] = [];
  #isClosed = false;

  constructor(parts: LaneSendersParts) {
    this.#parts = parts;
    this.#lives = new ThreadLives(parts.region);
    this.#life = this.#lives.current(parts.thread);
  }

  /** The sender towards another thread; a closed one while that thread is dead. */
  to(thread: number): LaneSender {
    const sender = this.#senders[thread];
    return sender?.isOpen ? sender : this.#renew(thread);
  }

  /**
   * The sender towards one life of a thread; a closed one when that life is over: what answers it
   * must not reach the next, whose calls have the same numbers.
   */
  toLife(thread: number, life: number): LaneSender {
    const sender = this.#senders[thread];
    if (sender?.life === life) return sender;
    const isOver = sender !== undefined && sender.life > life;
    return isOver ? this.#closedTo(thread, life) : this.#open(thread, life);
  }

  /** As {@link to}, and surely to the life that the thread is in. */
  toCurrent(thread: number): LaneSender {
    this.meet(thread, this.#lives.current(thread));
    return this.to(thread);
  }

  /** The sender towards another thread, if there is one and it is open. */
  ifOpen(thread: number): LaneSender | undefined {
    const sender = this.#senders[thread];
    return sender?.isOpen ? sender : undefined;
  }

  /** A thread is in this life: what was sent to an earlier one has missed it. */
  meet(thread: number, life: number): void {
    const sender = this.ifOpen(thread);
    if (sender && sender.life < life) this.#parts.onThreadReplaced(thread, life - 1);
  }

  /** A life of a thread has ended; what had not left for it is handed to `takeUnsent`. */
  abandon(thread: number, life: number, takeUnsent: TakeRecord): void {
    const sender = this.ifOpen(thread);
    if (sender && sender.life <= life) sender.abandon(takeUnsent);
  }

  /** True when every open sender lets this thread sleep; see `LaneSender.prepareToPark`. */
  prepareToPark(): boolean {
    for (let i = 0; i < this.#senders.length; i++) {
      const sender = this.#senders[i];
      if (sender?.isOpen && !sender.prepareToPark()) return false;
    }
    return true;
  }

  closeAll(): void {
    this.#isClosed = true;
    for (const sender of this.#senders) sender?.close();
  }

  #renew(thread: number): LaneSender {
    const old = this.#senders[thread];
    const life = this.#lives.current(thread);
    return old && (old.life === life || this.#isClosed) ? old : this.#open(thread, life);
  }

  #open(thread: number, life: number): LaneSender {
    if (this.#lives.hasEnded(thread, life)) {
      const closed = this.#closedTo(thread, life);
      this.#senders[thread] = closed;
      return closed;
    }
    const { laneCapacityBytes, offerLane } = this.#parts;
    const { sender, owners, buffer, port } = this.#make(thread, life, laneCapacityBytes);
    this.#senders[thread] = sender;
    offerLane({ ...owners, producerLife: this.#life, consumerLife: life, buffer, port });
    return sender;
  }

  #closedTo(thread: number, life: number): LaneSender {
    const { sender, port } = this.#make(thread, life, RECORD_ALIGNMENT);
    sender.close();
    port.close();
    return sender;
  }

  #make(thread: number, life: number, capacityBytes: number) {
    const { region, host, portOf, backlogLimit } = this.#parts;
    const owners = { producer: this.#parts.thread, consumer: thread };
    const buffer = createLane(owners, capacityBytes);
    const { port1, port2: port } = new MessageChannel();
    const sender = new LaneSender({
      host,
      thread,
      life,
      writer: new LaneWriter(openLane(buffer, owners)),
      port: portOf(port1),
      park: new ParkWord(region, thread, life),
      cancelBits: new CancelBits(region, thread),
      backlogLimit,
    });
    return { sender, owners, buffer, port };
  }
}
