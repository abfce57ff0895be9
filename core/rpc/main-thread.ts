import { AsyncLocalStorage } from 'node:async_hooks';
import type { TimerHandle } from '../base/clock.js';
import { RpcError } from '../errors/rpc-error.js';

/**
 * Whose synchronous turn it is on this thread. Only one endpoint runs at a time on a thread, so
 * one variable a thread is enough.
 */
let current: object | undefined;

/** Whose turn a flow of promises and callbacks began in; undefined while nobody asks. */
let flows: AsyncLocalStorage<object | undefined> | undefined;

/**
 * From now on every turn of this thread marks what it begins, for {@link validateFlow}. Node keeps
 * the mark of every promise from here on, whoever makes it.
 */
export function trackFlows(): void {
  flows ??= new AsyncLocalStorage();
}

/** Runs `task` as a turn of `owner`. */
export function runInTurn<T>(owner: object, task: () => T): T {
  const outer = enterTurn(owner);
  try {
    return task();
  } finally {
    leaveTurn(outer);
  }
}

/** Runs `task` as nobody's turn, wherever it was begun. */
export function runOutsideTurns<T>(task: () => T): T {
  return flows === undefined ? task() : flows.run(undefined, task);
}

/** Begins a turn without a closure; the caller must give the answer to {@link leaveTurn}. */
export function enterTurn(owner: object): object | undefined {
  const outer = current;
  current = owner;
  if (flows !== undefined) flows.enterWith(owner);
  return outer;
}

export function leaveTurn(outer: object | undefined): void {
  current = outer;
  if (flows !== undefined) flows.enterWith(outer);
}

/** Whose synchronous turn it is. */
export function turnOwner(): object | undefined {
  return current;
}

/**
 * Fails with `WRONG_THREAD` inside another endpoint's turn. Between turns, after an await say,
 * nobody can tell whose code runs, so that passes.
 */
export function validateTurn(owner: object, endpoint: string): void {
  if (current === undefined || current === owner) return;
  throw new RpcError(
    'WRONG_THREAD',
    `endpoint ${endpoint} was used in the turn of another endpoint; use runAsync or a gateway`,
    { endpoint },
  );
}

/**
 * As {@link validateTurn}, and between turns it fails for everything that did not begin in a turn
 * of `owner`: after an await of somebody else, or in code that is no endpoint's at all.
 */
export function validateFlow(owner: object, endpoint: string): void {
  validateTurn(owner, endpoint);
  if (current === owner || flows?.getStore() === owner) return;
  const text = `endpoint ${endpoint} was used outside of its turns; use runAsync or a gateway`;
  throw new RpcError('WRONG_THREAD', text, { endpoint });
}

/** Something to run in the main thread; told instead when it may not run any more. */
export interface MainThreadTask {
  run(): unknown;
  /** Absent: the refusal goes to dead letters. */
  readonly onRefused?: (error: RpcError) => void;
}

/** Runs tasks in the main thread of one endpoint (Flink ComponentMainThreadExecutor). */
export interface MainThreadExecutor {
  /** Runs `task` in a later turn, after everything sent to the endpoint before. */
  execute(task: () => void): void;
  /**
   * Runs `task` in a turn once `delayMs` have passed, never earlier; dropped when the endpoint
   * stops.
   */
  schedule(task: () => void, delayMs: number): TimerHandle;
}
