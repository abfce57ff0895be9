import assert from 'node:assert/strict';
import {
  type Operation,
  type Step,
  ThreadProgram,
  type ThreadBody,
  valueAfter,
} from './thread-program.js';

/**
 * An exhaustive explorer of small concurrent protocols (the idea of loom and SPIN): every order of
 * atomic steps is tried, breadth first, so the trace of a finding is a shortest one. Afterwards a
 * goal state must be reachable from every state that was reached, which finds deadlock, lost
 * wake-up and livelock without temporal logic.
 *
 * `sc` interleaves only. `tso` gives each thread a store buffer for its plain stores, as x86 has;
 * `pso` also lets plain stores to different cells land in any order, as ARM does. Loads are never
 * delayed, so a model in which the *reader* needs ordering proves less than its writer's side.
 */
export type MemoryModel = 'sc' | 'tso' | 'pso';

/** What invariants and goals look at. */
export interface StateView {
  cell(name: string): number;
  /** Label of the step that the thread takes next; `done` when it has ended. */
  at(thread: string): string;
}

export interface Model {
  readonly cells: Readonly<Record<string, number>>;
  readonly threads: Readonly<Record<string, ThreadBody>>;
  readonly memory?: MemoryModel;
  /** Answers what is wrong in a state. */
  readonly invariant?: (state: StateView) => string | undefined;
  /** Default: every thread has ended. */
  readonly goal?: (state: StateView) => boolean;
  readonly maxStates?: number;
}

/** `stuck`: nothing can move and it is no goal. `trap`: things move, but never to a goal. */
export type Finding = 'holds' | 'violation' | 'stuck' | 'trap';

export interface Verdict {
  readonly finding: Finding;
  readonly reason: string;
  readonly states: number;
  readonly trace: readonly string[];
}

interface State {
  readonly cells: readonly number[];
  readonly positions: readonly number[];
  /** Per thread the stores that have not landed: cell, value, cell, value, … */
  readonly buffers: readonly (readonly number[])[];
}

const RESULT_KINDS = new Set<Operation['kind']>([
  'load',
  'exchange',
  'compareExchange',
  'add',
  'try-take',
  'choose',
]);

class Explorer {
  readonly #model: Model;
  readonly #memory: MemoryModel;
  readonly #cellNames: readonly string[];
  readonly #cellIndex: ReadonlyMap<string, number>;
  readonly #threads: readonly ThreadProgram[];
  readonly #states: State[] = [];
  readonly #ids = new Map<string, number>();
  readonly #parents: number[] = [];
  readonly #moves: string[] = [];
  readonly #predecessors: number[][] = [];
  readonly #stuck: number[] = [];

  constructor(model: Model) {
    this.#model = model;
    this.#memory = model.memory ?? 'sc';
    this.#cellNames = Object.keys(model.cells);
    this.#cellIndex = new Map(this.#cellNames.map((name, index) => [name, index]));
    this.#threads = Object.entries(model.threads).map(([n, body]) => new ThreadProgram(n, body));
  }

  run(): Verdict {
    const cells = Object.values(this.#model.cells);
    const none = this.#threads.map(() => []);
    this.#add({ cells, positions: this.#threads.map(() => 0), buffers: none }, -1, '');
    const maxStates = this.#model.maxStates ?? 500_000;
    for (let id = 0; id < this.#states.length; id++) {
      const wrong = this.#whatIsWrong(this.#states[id]!);
      if (wrong) return this.#verdict('violation', wrong, id);
      this.#expand(id);
      if (this.#states.length > maxStates) throw new Error(`more than ${maxStates} states`);
    }
    return this.#judgeProgress();
  }

  #view(state: State): StateView {
    return {
      cell: (name) => state.cells[this.#indexOf(name)]!,
      at: (name) => {
        const index = this.#threads.findIndex((thread) => thread.name === name);
        return this.#threads[index]!.stepAt(state.positions[index]!)?.at ?? 'done';
      },
    };
  }

  #indexOf(cell: string): number {
    const index = this.#cellIndex.get(cell);
    if (index === undefined) throw new Error(`the model has no cell "${cell}"`);
    return index;
  }

  #whatIsWrong(state: State): string | undefined {
    for (const [index, thread] of this.#threads.entries()) {
      const operation = thread.stepAt(state.positions[index]!)?.operation;
      if (operation?.kind === 'fail') return `${thread.name}: ${operation.reason}`;
    }
    return this.#model.invariant?.(this.#view(state));
  }

  #isGoal(state: State): boolean {
    if (this.#model.goal) return this.#model.goal(this.#view(state));
    return this.#threads.every((thread, i) => thread.stepAt(state.positions[i]!) === undefined);
  }

  #expand(id: number): void {
    const state = this.#states[id]!;
    let moved = false;
    for (const [index, thread] of this.#threads.entries()) {
      const step = thread.stepAt(state.positions[index]!);
      if (step && this.#isEnabled(state, index, step.operation)) {
        moved = true;
        this.#take(id, index, step);
      }
      moved = this.#landStores(id, index) || moved;
    }
    if (!moved) this.#stuck.push(id);
  }

  /** Everything but loads and plain stores waits until the thread's own stores have landed. */
  #isEnabled(state: State, thread: number, operation: Operation): boolean {
    const { kind } = operation;
    if (kind === 'load' || kind === 'plain-store' || kind === 'choose') return true;
    if (state.buffers[thread]!.length > 0) return false;
    return kind !== 'take' || state.cells[this.#indexOf(operation.cell)]! > 0;
  }

  #take(id: number, index: number, step: Step): void {
    const state = this.#states[id]!;
    const thread = this.#threads[index]!;
    const { operation } = step;
    const results = operation.kind === 'choose' ? operation.options : 1;
    for (let choice = 0; choice < results; choice++) {
      const cells = [...state.cells];
      const buffers = [...state.buffers];
      const result =
        operation.kind === 'choose' ? choice : this.#apply(operation, cells, buffers, index);
      if (step.counts) cells[this.#indexOf(step.counts.cell)]! += step.counts.by;
      const positions = [...state.positions];
      positions[index] = thread.next(state.positions[index]!, result);
      const answer = RESULT_KINDS.has(operation.kind) ? ` -> ${result}` : '';
      this.#add({ cells, positions, buffers }, id, `${thread.name}: ${step.at}${answer}`);
    }
  }

  #apply(
    operation: Exclude<Operation, { kind: 'choose' }>,
    cells: number[],
    buffers: (readonly number[])[],
    thread: number,
  ): number {
    if (operation.kind === 'fail') return 0;
    const cell = this.#indexOf(operation.cell);
    const old = cells[cell]!;
    switch (operation.kind) {
      case 'load':
        return newestIn(buffers[thread]!, cell) ?? old;
      case 'plain-store':
        if (this.#memory === 'sc') cells[cell] = operation.value;
        else buffers[thread] = [...buffers[thread]!, cell, operation.value];
        return 0;
      default:
        cells[cell] = valueAfter(operation, old);
        return old;
    }
  }

  /** One successor for every store of this thread that may land next. */
  #landStores(id: number, thread: number): boolean {
    const state = this.#states[id]!;
    const buffer = state.buffers[thread]!;
    const seen = new Set<number>();
    for (let at = 0; at < buffer.length; at += 2) {
      const cell = buffer[at]!;
      if (seen.has(cell) || (at > 0 && this.#memory === 'tso')) continue;
      seen.add(cell);
      const cells = [...state.cells];
      cells[cell] = buffer[at + 1]!;
      const buffers = [...state.buffers];
      buffers[thread] = [...buffer.slice(0, at), ...buffer.slice(at + 2)];
      const what = `${this.#cellNames[cell]} = ${buffer[at + 1]} lands`;
      const move = `${this.#threads[thread]!.name} (store buffer): ${what}`;
      this.#add({ cells, positions: state.positions, buffers }, id, move);
    }
    return buffer.length > 0;
  }

  #add(state: State, parent: number, move: string): void {
    const key = `${state.cells.join()}|${state.positions.join()}|${state.buffers.join(';')}`;
    const known = this.#ids.get(key);
    if (known !== undefined) {
      this.#predecessors[known]!.push(parent);
      return;
    }
    this.#ids.set(key, this.#states.length);
    this.#states.push(state);
    this.#parents.push(parent);
    this.#moves.push(move);
    this.#predecessors.push(parent < 0 ? [] : [parent]);
  }

  /** Walks back from the goals: whatever is not met on the way can never end well. */
  #judgeProgress(): Verdict {
    const good = new Uint8Array(this.#states.length);
    const queue: number[] = [];
    for (const [id, state] of this.#states.entries()) {
      if (this.#isGoal(state)) queue.push(id);
    }
    for (const id of queue) good[id] = 1;
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      for (const parent of this.#predecessors[next]!) {
        if (good[parent] === 0) {
          good[parent] = 1;
          queue.push(parent);
        }
      }
    }
    const stuck = this.#stuck.find((id) => good[id] === 0);
    if (stuck !== undefined) return this.#verdict('stuck', this.#whereEverybodyIs(stuck), stuck);
    const trap = good.indexOf(0);
    if (trap >= 0) return this.#verdict('trap', this.#whereEverybodyIs(trap), trap);
    return { finding: 'holds', reason: '', states: this.#states.length, trace: [] };
  }

  #whereEverybodyIs(id: number): string {
    const view = this.#view(this.#states[id]!);
    const cells = this.#cellNames.map((name) => `${name} = ${view.cell(name)}`);
    const places = this.#threads.map((thread) => `${thread.name} at "${view.at(thread.name)}"`);
    return [...places, ...cells].join(', ');
  }

  #verdict(finding: Finding, reason: string, id: number): Verdict {
    const trace: string[] = [];
    for (let at = id; at > 0; at = this.#parents[at]!) trace.unshift(this.#moves[at]!);
    return { finding, reason, states: this.#states.length, trace };
  }
}

function newestIn(buffer: readonly number[], cell: number): number | undefined {
  for (let at = buffer.length - 2; at >= 0; at -= 2) {
    if (buffer[at] === cell) return buffer[at + 1];
  }
  return undefined;
}

/** Tries every order of steps. */
export function explore(model: Model): Verdict {
  return new Explorer(model).run();
}

/** The model must hold; otherwise the failing trace is shown. Answers the number of states. */
export function assertHolds(model: Model): number {
  const { finding, reason, states, trace } = explore(model);
  assert.equal(finding, 'holds', `${finding}: ${reason}\n  ${trace.join('\n  ')}`);
  return states;
}

/** The model has a bug that the explorer must find, in one of the named ways. */
export function assertFinds(model: Model, findings: readonly Finding[], reason = /./): Verdict {
  const verdict = explore(model);
  const found = `found "${verdict.finding}: ${verdict.reason}" in ${verdict.states} states`;
  const shown = `${found}\n  ${verdict.trace.join('\n  ')}`;
  assert.ok(findings.includes(verdict.finding), `expected ${findings.join(' or ')}, ${shown}`);
  assert.match(verdict.reason, reason, shown);
  return verdict;
}
