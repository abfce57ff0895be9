import { parseArgs, type ParseArgsConfig } from 'node:util';
import { usageError } from './exit-codes.js';

type OptionsConfig = NonNullable<ParseArgsConfig['options']>;

/** What was given, as texts; a command turns them into values with the functions below. */
export interface ParsedOptions {
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  /** Words that are neither options nor their values. */
  readonly words: readonly string[];
}

/** A command and what it takes. */
export interface CommandSyntax {
  readonly command: string;
  readonly options: OptionsConfig;
  /** Words without an option are allowed too. */
  readonly takesWords: boolean;
}

/** Parses the arguments of a command; a mistake becomes one clear line and exit code 2. */
export function parseOptions(args: readonly string[], syntax: CommandSyntax): ParsedOptions {
  const { command, options, takesWords } = syntax;
  const hint = `; see ringlane ${command} --help`;
  let values: Record<string, string | boolean | (string | boolean)[] | undefined>;
  let words: string[];
  try {
    ({ values, positionals: words } = parseArgs({
      args: [...args],
      options,
      strict: true,
      allowPositionals: takesWords,
    }));
  } catch (error) {
    throw usageError(explain(error as Error & { code?: string }) + hint);
  }
  return {
    text: (name) => values[name] as string | undefined,
    texts: (name) => (values[name] as string[] | undefined) ?? [],
    words,
  };
}

function explain(error: Error & { code?: string }): string {
  const quoted = /'([^']*)'/.exec(error.message)?.[1] ?? '';
  if (error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return `unknown option ${quoted}`;
  if (error.code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') return `unexpected word "${quoted}"`;
  // "Option '-c, --connections <value>' argument missing": the first sentence says it.
  return error.message.split(/[.\n]/, 1)[0]!.replaceAll("'", '');
}

/**
 * Lets an option be followed by a value or not, which `parseArgs` does not know: without one,
 * `fallback` is put in.
 */
export function withOptionalValue(
  args: readonly string[],
  option: string,
  fallback: string,
): string[] {
  return args.flatMap((arg, i) => {
    if (arg !== option) return [arg];
    const next = args[i + 1];
    return next === undefined || next.startsWith('-') ? [`${option}=${fallback}`] : [arg];
  });
}

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m)?$/;
const MILLIS_OF = { ms: 1, s: 1000, m: 60_000 } as const;

/** `500ms`, `10s`, `2m`, or seconds without a unit; milliseconds. */
export function parseDurationMs(option: string, text: string): number {
  const match = DURATION.exec(text);
  const ms = match
    ? Number(match[1]) * MILLIS_OF[(match[2] ?? 's') as keyof typeof MILLIS_OF]
    : NaN;
  if (ms >= 0 && ms <= 86_400_000) return ms;
  throw usageError(`${option} takes a duration such as 500ms, 10s or 2m, not "${text}"`);
}

const NUMBER = /^(\d+(?:\.\d+)?)([km])?b?$/i;

/** `20000`, `20k`, `1.5m`: a number in `[min, max]`. */
export function parseNumber(
  option: string,
  text: string,
  [min, max]: readonly [min: number, max: number],
): number {
  const match = NUMBER.exec(text);
  const factor = { '': 1, k: 1000, m: 1_000_000 }[(match?.[2] ?? '').toLowerCase()] ?? NaN;
  const value = match ? Number(match[1]) * factor : NaN;
  if (value >= min && value <= max) return value;
  throw usageError(`${option} takes a number from ${min} to ${max}, not "${text}"`);
}

/** A whole number in `[min, max]`. */
export function parseWhole(
  option: string,
  text: string,
  range: readonly [min: number, max: number],
): number {
  const value = parseNumber(option, text, range);
  if (Number.isInteger(value)) return value;
  throw usageError(`${option} takes a whole number, not "${text}"`);
}

/** One of a few words. */
export function parseChoice<const Choice extends string>(
  option: string,
  text: string,
  choices: readonly Choice[],
): Choice {
  const choice = choices.find((candidate) => candidate === text);
  if (choice !== undefined) return choice;
  throw usageError(`${option} is one of ${choices.join(', ')}, not "${text}"`);
}
