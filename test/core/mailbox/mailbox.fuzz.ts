import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MailboxGroup, send, sendBeside } from './mailbox-pair.js';

const THREADS = 3;

/** What a thread may do between, and inside of, the turns of its mailbox. */
const ACTIONS = {
  send: (run: Run, thread: number) => run.send(thread, 0),
  chain: (run: Run, thread: number, amount: number) => run.send(thread, amount % 12),
  flood: (run: Run, thread: number, amount: number) => {
    for (let i = 0; i < amount; i++) run.send(thread, 0, 8 + ((i * 40) & 511));
  },
  beside: (run: Run, thread: number) => run.sendBeside(thread),
  post: (run: Run, thread: number, amount: number) =>
    run.group.mailboxes[thread]!.post({ run: () => run.send(thread, amount % 5) }),
  askTimed: (run: Run, thread: number) => run.ask(thread, true),
  askUntimed: (run: Run, thread: number) => run.ask(thread, false),
  yield: (run: Run, thread: number) => {
    run.group.mailboxes[thread]!.yieldSoon();
    void Promise.resolve().then(() => run.send(thread, 1));
  },
  silence: (run: Run) => run.group.passSilence(),
  waitOnTheSpot: (run: Run, thread: number) => run.waitOnTheSpot(thread),
} satisfies Record<string, (run: Run, thread: number, amount: number) => void>;

type Action = keyof typeof ACTIONS;
const names = Object.keys(ACTIONS) as Action[];

/** Three mailboxes that share one JavaScript thread, and what went through them. */
class Run {
  readonly group = new MailboxGroup(THREADS, 200);
  sent = 0;
  arrived = 0;

  constructor() {
    for (let thread = 0; thread < THREADS; thread++) {
      this.group.sinks[thread]!.onNumber = (value) => this.#onNumber(thread, value);
    }
  }

  send(thread: number, depth: number, lengthBytes = 8): void {
    const to = (thread + 1 + (depth % (THREADS - 1))) % THREADS;
    const sender = this.group.mailboxes[thread]!.senderTo(to);
    if (send(sender, depth, lengthBytes)) this.sent++;
  }

  sendBeside(thread: number): void {
    sendBeside(this.group.mailboxes[thread]!.senderTo((thread + 1) % THREADS), 0);
    this.sent++;
  }

  /** As asking does it: with a deadline answers are expected until they come. */
  ask(thread: number, isTimed: boolean): void {
    const sink = this.group.sinks[thread]!;
    sink.hasAsked = true;
    sink.isExpecting = isTimed;
    this.send(thread, 2);
  }

  waitOnTheSpot(thread: number): void {
    let looks = 2;
    const wait = {
      from: (thread + 1) % THREADS,
      leftMs: 1,
      isOver: false,
      onTick: () => {
        wait.isOver = --looks === 0;
      },
      onRecordWhileWaiting: () => false,
    };
    this.group.mailboxes[thread]!.waitOnTheSpot(wait);
  }

  /** True when nothing is under way and every thread sleeps, so that the next record rings. */
  isAtRest(): boolean {
    const parked = this.group.sinks.every((_, thread) => this.group.isParked(thread));
    return this.arrived === this.sent && parked && this.group.awake === 0;
  }

  #onNumber(thread: number, depth: number): void {
    this.arrived++;
    this.group.sinks[thread]!.isExpecting = false;
    if (depth === 0) return;
    this.send(thread, depth - 1);
    if (depth % 2 === 1) ACTIONS[names[(depth + thread) % names.length]!](this, thread, depth);
  }
}

const steps = fc.array(
  fc.record({
    action: fc.constantFrom(...names),
    thread: fc.nat(THREADS - 1),
    amount: fc.nat(300),
    turns: fc.nat(3),
  }),
  { minLength: 1, maxLength: 40 },
);

test('whatever its threads do, every record arrives and all of them fall asleep', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (program) => {
      const run = new Run();
      try {
        for (const { action, thread, amount, turns } of program) {
          ACTIONS[action](run, thread, amount);
          for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
        }
        for (const sink of run.group.sinks) sink.isExpecting = false;
        await run.group.until(() => run.isAtRest());
        deepEqual(
          run.group.sinks.map(({ failures }) => failures),
          [[], [], []],
        );
      } finally {
        run.group.close();
      }
    }),
    { numRuns: 200 },
  );
});
