import type { CellName } from '../cells.js';
import type { FigureName, Figures } from './cell.js';
import { NOISY_PERCENT } from './others.js';
import type { PlannedRow } from './plan.js';
import type { Round, Rounds } from './rounds.js';
import { type Bound, type Measure, ratioBound, type Rival, type Row } from './row.js';
import { median, type Spread, spreadOf } from './statistics.js';

/** How a row came out; `shown` has no bound, `unsure` no quiet round, `error` no figure. */
export type Verdict = 'goal' | 'met' | 'below' | 'shown' | 'unsure' | 'error';

/** A bound as it holds for this run. */
export interface HeldBound {
  /** In the unit of the figure, scaled by the floor of the run. */
  readonly value: number;
  readonly ratio: number | undefined;
}

/** One row after all rounds. */
export interface RowResult {
  readonly id: string;
  readonly question: string;
  readonly measure: Measure;
  readonly better: Row['better'];
  readonly rival?: Rival;
  readonly verdict: Verdict;
  readonly figure?: Spread;
  readonly besideName?: string;
  readonly beside?: Spread;
  /** Of figure and floor of the same round. */
  readonly ratio?: Spread;
  readonly required?: HeldBound;
  readonly goal?: HeldBound;
  /** How many rounds count: those in which others left the cores alone, or all without any. */
  readonly countedRounds?: number;
  /** Others were busy in every round: the figures say little. */
  readonly isNoisy?: boolean;
  /** Median of everything that the cell measured. */
  readonly details?: Figures;
  readonly reason?: string;
}

interface Bounds {
  readonly required: HeldBound | undefined;
  readonly goal: HeldBound | undefined;
}

interface Judged {
  readonly isNoisy: boolean;
  readonly figure: Spread;
  readonly beside: Spread | undefined;
  readonly ratio: Spread | undefined;
}

function hold(row: Row, bound: Bound | undefined, judged: Judged): HeldBound | undefined {
  if (bound === undefined) return undefined;
  const ratio = ratioBound(row, bound);
  if (ratio !== undefined) return { value: ratio * judged.beside!.median, ratio };
  return bound.value === undefined ? undefined : { value: bound.value, ratio: undefined };
}

function isReached(row: Row, bound: HeldBound | undefined, judged: Judged): boolean {
  if (bound === undefined) return false;
  const reached = bound.ratio === undefined ? judged.figure.median : judged.ratio!.median;
  const limit = bound.ratio ?? bound.value;
  return row.better === 'higher' ? reached >= limit : reached <= limit;
}

function failure(planned: PlannedRow, failures: ReadonlyMap<CellName, string>) {
  const { measure, beside } = planned.row;
  const own = failures.get(measure.cell);
  if (own !== undefined) return own;
  const other = beside && failures.get(beside.cell);
  return other === undefined ? undefined : `${beside!.cell}: ${other}`;
}

function valuesOf(rounds: readonly Round[], step: number, { figure }: Measure): number[] {
  return rounds.map((round) => round[step]?.[figure] ?? Number.NaN);
}

/** Others left the cores alone, beside the figure and beside its floor. */
export function isQuiet(round: Round, steps: readonly number[]): boolean {
  return steps.every((index) => (round[index]?.othersBusyPercent ?? 0) <= NOISY_PERCENT);
}

function verdictOf(row: Row, bounds: Bounds, judged: Judged): Verdict {
  if (bounds.required === undefined && bounds.goal === undefined) return 'shown';
  if (judged.isNoisy) return 'unsure';
  if (isReached(row, bounds.goal, judged)) return 'goal';
  if (bounds.required === undefined) return 'shown';
  return isReached(row, bounds.required, judged) ? 'met' : 'below';
}

/** The median of everything that a step measured in these rounds. */
export function mediansOf(rounds: readonly Round[], step: number): Figures {
  const names = Object.keys(rounds[0]?.[step] ?? {}) as FigureName[];
  const values = (name: FigureName): number[] => rounds.map((round) => round[step]?.[name] ?? NaN);
  return Object.fromEntries(names.map((name) => [name, median(values(name))]));
}

/** Rounds in which others left the cores alone, or all without any such. */
export function quietRounds(rounds: readonly Round[], steps: readonly number[]): readonly Round[] {
  const quiet = rounds.filter((round) => isQuiet(round, steps));
  return quiet.length > 0 ? quiet : rounds;
}

/**
 * Medians over the quiet rounds; the ratio is taken round by round, because the machine drifts.
 * Which rounds are quiet is told by the CPU of others and never by the figures.
 */
export function judgeRow(planned: PlannedRow, { rounds: all, failures }: Rounds): RowResult {
  const { row, step, besideStep } = planned;
  const { id, question, measure, better, beside, rival } = row;
  const known = { id, question, measure, better, ...(rival ? { rival } : {}) };
  const steps = besideStep === undefined ? [step] : [step, besideStep];
  // A long cell of a quick run is in the first round only.
  const ran = all.filter((round) => steps.every((index) => round[index] !== undefined));
  const rounds = quietRounds(ran.length > 0 ? ran : all, steps);
  const values = valuesOf(rounds, step, measure);
  const floors = besideStep === undefined ? undefined : valuesOf(rounds, besideStep, beside!);
  const isMissing = [...values, ...(floors ?? [])].some((value) => !Number.isFinite(value));
  const reason = failure(planned, failures) ?? (isMissing ? 'a figure is missing' : undefined);
  if (reason !== undefined) return { ...known, verdict: 'error', reason };
  const ratios = floors?.map((floor, round) => values[round]! / floor);
  const judged: Judged = {
    isNoisy: !rounds.some((round) => isQuiet(round, steps)),
    figure: spreadOf(values),
    beside: floors && spreadOf(floors),
    ratio: ratios && spreadOf(ratios),
  };
  const required = hold(row, row.required, judged);
  const goal = hold(row, row.goal, judged);
  return {
    ...known,
    verdict: verdictOf(row, { required, goal }, judged),
    figure: judged.figure,
    ...(judged.beside ? { besideName: beside!.name, beside: judged.beside } : {}),
    ...(judged.ratio ? { ratio: judged.ratio } : {}),
    ...(required ? { required } : {}),
    ...(goal ? { goal } : {}),
    countedRounds: rounds.length,
    isNoisy: judged.isNoisy,
    details: mediansOf(rounds, step),
  };
}
