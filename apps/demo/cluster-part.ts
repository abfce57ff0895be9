import { deferred, systemClock } from '../../core/internal.js';
import {
  type ClusterEventKind,
  MiniCluster,
  type TaskExecutorInfo,
  type TimedClusterEvent,
} from '../../cluster/index.js';
import { type ClusterReport, type MemberReport, roundTo } from '../report/report-model.js';
import { formatMillis } from '../terminal/format.js';
import type { Terminal } from '../terminal/terminal.js';
import type { DemoOptions } from './demo-options.js';
import { throwIfInterrupted } from './interrupted.js';

/** Required of a start with four TaskExecutors on threads, and the goal behind it. */
const START_REQUIRED_MS = 500;

/** One for an endpoint that stays, one for a task that comes and goes. */
const SLOTS_PER_TASK_EXECUTOR = 2;

/** The first heartbeats come at once; if not, the demo goes on. */
const HEARTBEATS_WAIT_MS = 500;

/** Wide enough for `process 1234567, TCP`. */
const WHERE_COLUMNS = 20;

const STEPS: Readonly<Record<ClusterEventKind, (detail: string) => string>> = {
  connected: () => 'connected to the ResourceManager',
  handshakeDone: () => 'handshake done, both ways',
  registered: (instanceId) => `registered, InstanceID ${instanceId}`,
  slotsReported: (slots) => `slots reported: ${slots}`,
  firstHeartbeat: () => 'first heartbeat',
  disconnected: (why) => `disconnected: ${why}`,
  fatal: (why) => `gave up: ${why}`,
  terminated: (how) => `terminated: ${how}`,
};

/** The cluster and what was seen while it formed. */
export class DemoCluster {
  readonly #terminal: Terminal;
  readonly #events: TimedClusterEvent[] = [];
  readonly #runs = new Map<string, string[]>();
  readonly #where = new Map<string, string>();
  #cluster: MiniCluster | undefined;
  #startMs = 0;
  #onFirstHeartbeat = (): void => {};
  #isClosing = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  get cluster(): MiniCluster {
    return this.#cluster!;
  }

  /** TaskExecutors on threads, the one in a process of its own last. */
  get taskExecutors(): readonly TaskExecutorInfo[] {
    return this.cluster.taskExecutors;
  }

  /** Starts everything, one printed line a step. */
  async start({ taskExecutors }: DemoOptions, signal: AbortSignal): Promise<void> {
    const { style } = this.#terminal;
    this.#terminal.heading('1. A cluster forms');
    const workers = `${taskExecutors} TaskExecutors on threads, 1 in a process`;
    this.#terminal.line(`1 ResourceManager, 1 Dispatcher, ${workers}`);
    this.#cluster = await MiniCluster.start({
      taskExecutors,
      slotsPerTaskExecutor: SLOTS_PER_TASK_EXECUTOR,
      onEvent: (event) => this.#onEvent(event),
    });
    this.#startMs = this.#readyMs((event) => event.pid === process.pid);
    throwIfInterrupted(signal);
    await this.cluster.addProcessTaskExecutor();
    await this.#heartbeatsSeen(taskExecutors + 1);
    throwIfInterrupted(signal);
    const isFast = this.#startMs <= START_REQUIRED_MS;
    const ms = style.bold(formatMillis(this.#startMs));
    const time = isFast ? style.green(ms) : style.yellow(ms);
    this.#terminal.line(
      `All ${taskExecutors} on threads registered with slots reported after ${time} ` +
        `(required ${START_REQUIRED_MS} ms for four).`,
    );
  }

  /** Notes for the report what runs on a TaskExecutor's thread beside it. */
  runs(resourceId: string, what: string): void {
    const list = this.#runs.get(resourceId) ?? [];
    if (!list.includes(what)) list.push(what);
    this.#runs.set(resourceId, list);
  }

  /** What formed; null when the cluster did not come up. */
  report(): ClusterReport | null {
    if (!this.#cluster || this.#startMs === 0) return null;
    const members = this.#members();
    const own = members.find((member) => member.isOwnProcess);
    return {
      taskExecutors: members.filter((member) => !member.isOwnProcess).length,
      startMs: roundTo(this.#startMs, 1),
      processJoinMs: own?.registeredMs ?? null,
      processId: process.pid,
      members,
    };
  }

  /** Ends threads and the child process, within two seconds. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#cluster?.close();
  }

  /** So that the last step stands above the next heading; nothing depends on it. */
  async #heartbeatsSeen(members: number): Promise<void> {
    const seen = deferred<void>();
    const timer = systemClock.schedule(seen.resolve, HEARTBEATS_WAIT_MS);
    this.#onFirstHeartbeat = () => {
      const beats = this.#events.filter(({ kind }) => kind === 'firstHeartbeat');
      if (beats.length >= members) seen.resolve();
    };
    this.#onFirstHeartbeat();
    await seen.promise;
    timer.cancel();
  }

  #members(): MemberReport[] {
    const registered = this.#events.filter(({ kind }) => kind === 'registered');
    registered.sort((a, b) => (a.resourceId < b.resourceId ? -1 : 1));
    return registered.map(({ resourceId, detail, pid, thread }) => ({
      resourceId,
      instanceId: detail,
      processId: pid,
      thread,
      isOwnProcess: pid !== process.pid,
      registeredMs: roundTo(
        this.#readyMs((event) => event.resourceId === resourceId),
        1,
      ),
      endpoints: this.#runs.get(resourceId) ?? [],
    }));
  }

  #readyMs(isMeant: (event: TimedClusterEvent) => boolean): number {
    const ready = this.#events.filter((event) => event.kind === 'slotsReported' && isMeant(event));
    return Math.max(0, ...ready.map(({ atMs }) => atMs));
  }

  #onEvent(event: TimedClusterEvent): void {
    // What ends because we end it is no news.
    if (this.#isClosing) return;
    this.#events.push(event);
    if (event.kind === 'firstHeartbeat') this.#onFirstHeartbeat();
    const { style } = this.#terminal;
    const { kind, resourceId, detail, atMs } = event;
    const time = style.dim(`${atMs.toFixed(0).padStart(5)} ms`);
    const where = style.dim(this.#whereOf(event).padEnd(WHERE_COLUMNS));
    this.#terminal.line(`${time}  ${style.cyan(resourceId)}  ${where}  ${STEPS[kind](detail)}`);
  }

  /** Half of the steps are reported by the ResourceManager; its own place is not what is meant. */
  #whereOf({ resourceId, thread, pid }: TimedClusterEvent): string {
    if (pid !== process.pid) this.#where.set(resourceId, `process ${pid}, TCP`);
    else if (thread !== 'home') this.#where.set(resourceId, `thread ${thread}`);
    return this.#where.get(resourceId) ?? '';
  }
}
