import { deepStrictEqual } from 'node:assert/strict';

/** What one atomic step does to the shared cells. */
export type Operation =
  | { readonly kind: 'load'; readonly cell: string }
  | {
      /** `store`, `exchange` and `add` are `Atomics`; a `plain-store` may wait in a buffer. */
      readonly kind: 'store' | 'plain-store' | 'exchange' | 'add';
      readonly cell: string;
      readonly value: number;
    }
  /** Stores `value` when it finds `expected`; answers what it found. */
  | {
      readonly kind: 'compareExchange';
      readonly cell: string;
      readonly expected: number;
      readonly value: number;
    }
  /** A queue of wake-ups: `take` blocks while it is empty, `try-take` answers 0 instead. */
  | { readonly kind: 'take' | 'try-take'; readonly cell: string }
  /** Goes on with 0, 1, … `options` - 1: every one of them is explored. */
  | { readonly kind: 'choose'; readonly options: number }
  | { readonly kind: 'fail'; readonly reason: string };

export interface Step {
  /** Label of the step: with `locals` it says everything about where the thread is. */
  readonly at: string;
  /** Every local variable that is still needed; the explorer merges states by these. */
  readonly locals: readonly number[];
  readonly operation: Operation;
  /** A cell that changes in the same step: bookkeeping for invariants. */
  readonly counts?: { readonly cell: string; readonly by: number };
}

/** A thread of a model: yields one atomic step after the other and is resumed with its result. */
export type ThreadBody = () => Generator<Step, void, number>;

interface Position {
  readonly step: Step | undefined;
  /** Results that bring a fresh generator here. */
  readonly history: readonly number[];
  readonly next: Map<number, number>;
}

/**
 * A thread body as a table of positions. A generator cannot be copied, but it is a function of the
 * results it was resumed with, so a position is reached again by replaying them, once a position.
 */
export class ThreadProgram {
  readonly name: string;
  readonly #body: ThreadBody;
  readonly #positions: Position[] = [];
  readonly #ids = new Map<string, number>();

  constructor(name: string, body: ThreadBody) {
    this.name = name;
    this.#body = body;
    this.#positionAfter([]);
  }

  /** The step taken next at a position; undefined when the thread has ended there. */
  stepAt(position: number): Step | undefined {
    return this.#positions[position]!.step;
  }

  /** The position that follows when the step answers `result`. */
  next(position: number, result: number): number {
    const from = this.#positions[position]!;
    const known = from.next.get(result);
    if (known !== undefined) return known;
    const to = this.#positionAfter([...from.history, result]);
    from.next.set(result, to);
    return to;
  }

  #positionAfter(history: readonly number[]): number {
    const generator = this.#body();
    let turn = generator.next();
    for (const result of history) turn = generator.next(result);
    const step = turn.done ? undefined : turn.value;
    const key = step ? `${step.at}|${step.locals.join()}` : 'done';
    const known = this.#ids.get(key);
    if (known !== undefined) {
      // Catches a local that was left out, as far as the step itself depends on it.
      deepStrictEqual(step, this.#positions[known]!.step, `${this.name}: locals at "${key}"`);
      return known;
    }
    this.#ids.set(key, this.#positions.length);
    return this.#positions.push({ step, history, next: new Map() }) - 1;
  }
}

/** What a cell that held `old` holds after the operation. */
export function valueAfter(
  operation: Extract<Operation, { readonly cell: string }>,
  old: number,
): number {
  switch (operation.kind) {
    case 'load':
      return old;
    case 'add':
      return old + operation.value;
    case 'take':
    case 'try-take':
      return Math.max(0, old - 1);
    case 'compareExchange':
      return old === operation.expected ? operation.value : old;
    default:
      return operation.value;
  }
}

/** Runs one thread alone on `cells`, always with the last option; answers its first steps. */
export function runAlone(body: ThreadBody, cells: Record<string, number>, limit = 1000): Step[] {
  const generator = body();
  const steps: Step[] = [];
  let turn = generator.next();
  while (!turn.done && steps.length < limit) {
    const { operation } = turn.value;
    steps.push(turn.value);
    let result = operation.kind === 'choose' ? operation.options - 1 : 0;
    if ('cell' in operation) {
      result = cells[operation.cell]!;
      cells[operation.cell] = valueAfter(operation, result);
    }
    turn = generator.next(result);
  }
  return steps;
}
