import { availableParallelism } from 'node:os';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Clock } from '../base/clock.js';
import { IdleStrategy } from '../memory/idle-strategy.js';
import { ParkWord, PollerBudget } from '../memory/park-word.js';
import type { Region } from '../memory/region-descriptor.js';
import { SharedTime } from '../memory/shared-time.js';
import { ThreadLives } from '../memory/thread-lives.js';
import type { TakeRecord } from './backlog.js';
import { BATCH, type InboundHandler, InboundLanes } from './inbound-lanes.js';
import { LanePort } from './lane-port.js';
import type { LaneSender, SenderHost } from './lane-sender.js';
import { type LaneOffer, LaneSenders } from './lane-senders.js';
import { LocalQueue, type LocalTask } from './local-queue.js';
import type { MailboxObserver, WaitOnTheSpot } from './mailbox-observer.js';
import { Pace } from './pace.js';

/** What a mailbox is given. */
export interface MailboxParts {
  /** Number of this thread within its service; 0 is the home thread. */
  readonly thread: number;
  readonly region: Region;
  readonly clock: Clock;
  readonly laneCapacityBytes: number;
  readonly backlogLimit: number;
  /** Takes every record of every lane; must not throw. */
  readonly handler: InboundHandler & MailboxObserver;
  /** Hands a lane made here to the thread that will read it. */
  readonly offerLane: (offer: LaneOffer) => void;
}

const resolved = Promise.resolve();

/** Rounds of one turn before timers and sockets of this thread get theirs. */
const ROUNDS = 16;
/** Local tasks per turn. */
const LOCAL_BATCH = 4096;
/** Looks for more work in a row before timers and sockets of this thread get theirs. */
const SPINS_IN_A_ROW = 16;
/** One tick of the shared time, the least that it can tell. */
const SILENCE_MS = 16;
/** While something is awaited that comes without a ring: a lane, or room in one. */
const SHORT_SLEEP_MS = 1;
/** Microtask turns in a row before the event loop gets a turn. */
const MICROTASK_TURNS = 64;

/**
 * The inbox and outboxes of one thread: polls its lanes while there is work and for a while after,
 * parks, is woken by a bell, and publishes what was sent once a turn.
 */
export class Mailbox implements SenderHost {
  /** Of what comes through lanes. */
  readonly pace: Pace;
  /**
   * Of what comes in batches and through no lane. Who waits for it moves no time that this thread
   * could see, so it rests before each batch: how quick the ones before were says nothing.
   */
  readonly batchPace: Pace;
  readonly inbound: InboundLanes;
  readonly #parts: MailboxParts;
  readonly #park: ParkWord;
  readonly #budget: PollerBudget;
  readonly #idle: IdleStrategy;
  readonly #time: SharedTime;
  readonly #lives: ThreadLives;
  readonly #senders: LaneSenders;
  readonly #local = new LocalQueue();
  /** Keeps the thread alive while the service is open; lane ports alone may come and go. */
  readonly #keepAlive = new MessageChannel();
  /** Senders with something to publish at the end of this turn. */
  #dirty: LaneSender[] = [];
  /** Senders whose lane was full at the end of the last turn. */
  readonly #blocked: LaneSender[] = [];
  /** Polls its lanes. */
  #isAwake = false;
  /** A bell came, so nobody rings: must poll, or announce its sleep again, once this turn ends. */
  #isStirred = false;
  #isClosed = false;
  #immediateScheduled = false;
  #microtaskScheduled = false;
  #microtaskTurns = 0;
  #isTurnBegun = false;
  #turnNumber = 1;
  #mustYield = false;
  #hasRung = false;
  /** Shared time of the last bell or turn with work. */
  #lastSignal = 0;
  /** The bell that this turn began with came after a silence. */
  #wasSilent = false;

  constructor(parts: MailboxParts) {
    this.#parts = parts;
    this.#lives = new ThreadLives(parts.region);
    this.#park = new ParkWord(parts.region, parts.thread, this.#lives.current(parts.thread));
    this.#budget = new PollerBudget(parts.region, availableParallelism(), parts.thread);
    this.#idle = new IdleStrategy(this.#budget);
    this.#time = new SharedTime(parts.region);
    const onTurnOver = (): void => this.#endSoon();
    this.pace = new Pace(parts.clock, this.#time, onTurnOver);
    this.batchPace = new Pace(parts.clock, this.#time, onTurnOver);
    this.inbound = new InboundLanes(parts.handler, this.pace);
    this.#senders = new LaneSenders({
      ...parts,
      host: this,
      portOf: this.#portOf,
      onThreadReplaced: (thread, life) => parts.handler.onThreadReplaced(thread, life),
    });
    this.#park.park();
    this.#keepAlive.port1.on('message', () => {});
  }

  /** The sender towards another thread; its lane is made on first use. */
  senderTo(thread: number): LaneSender {
    return this.#senders.to(thread);
  }

  /** As {@link senderTo}, and surely to the life that the thread is in. */
  senderToCurrent(thread: number): LaneSender {
    return this.#senders.toCurrent(thread);
  }

  /** The sender towards another thread, if there is one and it is open. */
  senderIfOpen(thread: number): LaneSender | undefined {
    return this.#senders.ifOpen(thread);
  }

  /** Takes what has arrived, now. True when this thread slept over it: no ring yet, or none. */
  drainNow(): boolean {
    if (this.#isClosed) return false;
    const wasMissed = !this.#isAwake && this.#park.isParked() && this.inbound.hasRecords();
    this.#drainAll();
    this.#flush();
    return wasMissed;
  }

  /** Adopts a lane that another thread made towards this one. */
  acceptLane(offer: LaneOffer): void {
    if (this.#isClosed) return offer.port.close();
    const { producer, producerLife } = offer;
    this.#senders.meet(producer, producerLife);
    // Made now: who is lost with this life later must be found by the same way back.
    const replyTo = this.#senders.toLife(producer, producerLife);
    const lane = this.inbound.add(offer, this.#portOf(offer.port), replyTo);
    if (this.#lives.hasEnded(producer, producerLife)) {
      this.post({ run: () => this.#parts.handler.onLateLane(lane) });
    }
    this.wake();
  }

  /** Runs `task` in a later turn of this thread, after all that came before it. */
  post(task: LocalTask): void {
    this.#local.push(task);
    this.#beginTurn();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Tasks of this thread that wait for their turn. */
  get localSize(): number {
    return this.#local.size;
  }

  /** Resolves when everything posted so far has had its turn. */
  whenLocalRoom(): Promise<void> {
    const hasRoom = this.#local.size * 2 < this.#parts.backlogLimit;
    if (hasRoom || this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => this.post({ run: resolve }));
  }

  /** A number of its own for each turn, from the first thing sent in it to its end; else 0. */
  get turn(): number {
    return this.#isTurnBegun ? this.#turnNumber : 0;
  }

  scheduleFlush(sender: LaneSender): void {
    sender.flushScheduled = true;
    this.#dirty.push(sender);
    this.#beginTurn();
  }

  /** Has `onFlushed` called soon, even when nothing was sent through a lane. */
  scheduleTurn(): void {
    this.#beginTurn();
  }

  /** True while what this turn sent wakes a sleeper: then every microsecond here is a cold one. */
  get hasRung(): boolean {
    return this.#hasRung;
  }

  onRing(): void {
    this.#idle.onRing();
    this.#hasRung = true;
  }

  /** Promises were settled or begun: the event loop's turn must end for them to go on. */
  yieldSoon(): void {
    this.#mustYield = true;
  }

  /** The turn has lasted long: the next one comes after timers and sockets have had theirs. */
  #endSoon(): void {
    this.#mustYield = true;
    this.#microtaskTurns = MICROTASK_TURNS;
    this.#flush();
    this.#countTurn();
  }

  #countTurn(): void {
    this.#isTurnBegun = false;
    this.#turnNumber = (this.#turnNumber + 1) & 0x3fff_ffff || 1;
  }

  /** Begins to poll, if it does not. */
  wake(): void {
    if (this.#isClosed) return;
    if (!this.#isAwake) {
      this.#isAwake = true;
      this.#isStirred = false;
      this.pace.rest();
      this.#park.unpark();
      this.#budget.enter();
    }
    this.#scheduleImmediate();
  }

  /**
   * Blocks this thread until `wait` is over: sends what is to be sent, takes answers, and keeps all
   * other messages in their order. Nothing of what waits here runs meanwhile.
   */
  waitOnTheSpot(wait: WaitOnTheSpot): void {
    try {
      while (!wait.isOver) this.#lookOnTheSpot(wait);
      this.#flush();
    } finally {
      // Nobody has looked at the rest meanwhile, and whoever rang believes that this thread did.
      this.wake();
    }
  }

  #lookOnTheSpot(wait: WaitOnTheSpot): void {
    const { hasNews } = this.inbound;
    this.#retryBlocked();
    this.#flush();
    let hasTaken = this.inbound.takeNews(wait);
    const looks = this.#budget.hasRoom() ? SPINS_IN_A_ROW : 0;
    for (let left = looks; left > 0 && !hasTaken && !wait.isOver; left--) {
      hasTaken = this.#idle.spin(hasNews) && this.inbound.takeNews(wait);
    }
    if (hasTaken || wait.isOver) return;
    wait.onTick();
    if (!wait.isOver) this.#sleepOnTheSpot(wait);
  }

  /** As {@link #tryPark}: announces the sleep, then looks once more everywhere. */
  #sleepOnTheSpot(wait: WaitOnTheSpot): void {
    const isRung = this.#blocked.length === 0 && this.inbound.isFrom(wait.from);
    this.#park.block();
    if (this.#isAwake) this.#budget.leave();
    const limitMs = Math.min(isRung ? SILENCE_MS : SHORT_SLEEP_MS, Math.max(0, wait.leftMs));
    if (!this.inbound.hasNews()) this.#park.sleep(limitMs);
    if (this.#isAwake) this.#budget.enter();
    this.#park.unpark();
  }

  /**
   * A life of a thread has ended: closes the lane to it; what it was sent and had not left this
   * thread is handed to `takeUnsent`.
   */
  abandon(thread: number, life: number, takeUnsent: TakeRecord): void {
    this.#senders.abandon(thread, life, takeUnsent);
  }

  /** Takes what a life of a thread has published, then forgets it; not inside of a handler. */
  dropLanes(thread: number, life: number): void {
    this.inbound.drop(thread, life);
  }

  /** Publishes what is written and lets go of everything that keeps the thread alive. */
  close(): void {
    if (this.#isClosed) return;
    this.#flush();
    this.#isClosed = true;
    this.#senders.closeAll();
    this.inbound.closeAll();
    this.#keepAlive.port1.close();
    if (this.#isAwake) this.#budget.leave();
    this.#isAwake = false;
    this.#park.unpark();
  }

  readonly #onMicrotask = (): void => {
    this.#microtaskScheduled = false;
    this.#countTurn();
    if (!this.#isClosed) this.#guard(this.#endTurn);
  };

  /** Whatever a part of a turn throws, this thread goes on looking at its lanes. */
  #guard(part: () => void): void {
    try {
      part();
    } catch (error) {
      this.wake();
      throw error;
    }
  }

  readonly #endTurn = (): void => {
    // Timers and sockets come first, but what was sent is on its way whatever the user does now.
    if (this.#microtaskTurns > MICROTASK_TURNS) return this.#flush();
    this.#drainLocal();
    this.#flush();
    this.#parts.handler.onFlushed();
    // Not after a silence: a clock that is read for the first time in a while takes 25 us.
    if (this.#isStirred && !this.#wasSilent) this.#idle.onBell();
    const hasRung = this.#hasRung;
    this.#hasRung = false;
    const hasAsked = this.#parts.handler.takeHasAsked();
    const mayBeNear = hasAsked || !this.#isStirred;
    // A caller that awaits one answer gets it here, without a turn of the event loop.
    if (mayBeNear && this.#parts.handler.expectsReplies()) this.#awaitReplies(hasRung);
    else if (this.#isStirred) this.#endBell();
    if (this.#blocked.length > 0) this.wake();
    if (this.#local.size > 0 || this.#dirty.length > 0) this.#scheduleMicrotask();
  };

  /** Answers are expected: those of a thread that is awake are near; one that was rung rings us. */
  #awaitReplies(hasRung: boolean): void {
    if (this.#isAwake || !hasRung) {
      const hasFound = this.#spin();
      if (hasFound) this.#idle.onAnswered();
      if (hasFound || this.#isAwake || this.#idle.shouldPollAfterSend()) {
        this.wake();
        // The others are near, too: look again behind what goes on with the answers that came.
        if (hasFound && this.#parts.handler.expectsReplies()) this.#scheduleMicrotask();
        return;
      }
    } else if (!this.#isAfterSilence() && this.#idle.shouldPollAfterRing()) return this.wake();
    // The one we rang may have run on this very core before we went on.
    if (this.inbound.hasRecords()) this.#turn();
    if (!this.#isAwake) this.#sleep();
  }

  readonly #onImmediate = (): void => {
    this.#immediateScheduled = false;
    if (!this.#isClosed && this.#isAwake) this.#guard(this.#poll);
  };

  readonly #poll = (): void => {
    this.#microtaskTurns = 0;
    this.#mustYield = false;
    this.#hasRung = false;
    if (this.#turn() || this.#spin()) {
      this.#idle.onWork();
      this.#lastSignal = this.#time.load();
      // As long as calls come one close to the other and are answered at once, stay here.
      for (let left = SPINS_IN_A_ROW; left > 0 && !this.#mustYield && this.#spin(); left--);
    } else if (this.#idle.onEmpty() === 'park' && this.#tryPark()) return;
    this.#scheduleImmediate();
  };

  /** Everything that waits, once; true when something did. */
  #turn(): boolean {
    this.#retryBlocked();
    const drained = this.#drainAll();
    const ran = this.#drainLocal();
    this.#flush();
    this.#parts.handler.onFlushed();
    return drained || ran;
  }

  /** Publishes PARKED, then looks once more everywhere: see {@link ParkWord}. */
  #tryPark(): boolean {
    this.#park.park();
    const hasWork = this.#local.size > 0 || this.#dirty.length > 0 || this.inbound.hasRecords();
    if (hasWork || !this.#senders.prepareToPark()) {
      this.#park.unpark();
      return false;
    }
    if (this.#isAwake) this.#budget.leave();
    this.#isAwake = false;
    return true;
  }

  #onBell(): void {
    if (this.#isClosed || this.#isAwake) return;
    this.#isStirred = true;
    this.pace.rest();
    this.#wasSilent = this.#isAfterSilence();
    this.#lastSignal = this.#time.load();
    this.#mustYield = false;
    this.#microtaskTurns = 0;
    this.#guard(this.#takeBell);
    // Who awaits what has just been settled goes on before this thread sees to its sleep.
    this.#scheduleMicrotask();
  }

  readonly #takeBell = (): void => {
    this.#retryBlocked();
    this.#drainAll();
    this.#flush();
  };

  /** What a bell brought is done. After a silence there will hardly be more at once. */
  #endBell(): void {
    if (this.#wasSilent || !this.#idle.shouldPollAfterBell()) this.#sleep();
    else this.wake();
  }

  /** Announces the sleep again, and leaves the core to others. */
  #sleep(): void {
    if (this.#tryPark()) this.#isStirred = false;
    else this.wake();
  }

  /** True when a tick or more went by without a bell or a turn with work; reads no clock. */
  #isAfterSilence(): boolean {
    const now = this.#time.load();
    return now - this.#lastSignal >= SILENCE_MS || now < this.#lastSignal;
  }

  /** Looks at the tails for some microseconds; true when records came and were handled. */
  #spin(): boolean {
    if (!this.#idle.spin(this.inbound.hasRecords)) return false;
    this.#drainAll();
    this.#flush();
    return true;
  }

  #drainAll(): boolean {
    let worked = false;
    for (let round = 0; round < ROUNDS; round++) {
      const count = this.inbound.drainRound();
      if (count === 0) break;
      worked = true;
      this.#flush();
      if (count < BATCH || this.#mustYield) break;
    }
    return worked;
  }

  #drainLocal(): boolean {
    this.batchPace.rest();
    return this.batchPace.runTasks(this.#local, LOCAL_BATCH);
  }

  #flush(): void {
    // Promises go on after this, and may take their time before they call.
    if (this.#dirty.length === 0) return;
    const dirty = this.#dirty;
    this.#dirty = [];
    for (let i = 0; i < dirty.length; i++) {
      const sender = dirty[i]!;
      sender.flushScheduled = false;
      if (!sender.flush() && sender.isOpen) this.#retryLater(sender);
    }
  }

  #retryBlocked(): void {
    if (this.#blocked.length > 0) this.#dirty.push(...this.#blocked.splice(0));
  }

  /** The lane is full: tries again after the next turn, or when the consumer rings. */
  #retryLater(sender: LaneSender): void {
    sender.flushScheduled = true;
    this.#blocked.push(sender);
  }

  #beginTurn(): void {
    this.#scheduleMicrotask();
    this.#isTurnBegun = this.#microtaskScheduled;
  }

  #scheduleMicrotask(): void {
    if (this.#microtaskScheduled || this.#isClosed) return;
    if (++this.#microtaskTurns > MICROTASK_TURNS) this.wake();
    this.#microtaskScheduled = true;
    // queueMicrotask makes an AsyncResource for every call; a reaction costs a tenth of that.
    void resolved.then(this.#onMicrotask);
  }

  #scheduleImmediate(): void {
    if (this.#immediateScheduled || this.#isClosed) return;
    this.#immediateScheduled = true;
    setImmediate(this.#onImmediate);
  }

  readonly #portOf = (port: MessagePort): LanePort =>
    new LanePort(
      port,
      () => this.#onBell(),
      () => this.wake(),
    );
}
