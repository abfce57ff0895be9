import {
  parseChoice,
  parseDurationMs,
  parseNumber,
  parseOptions,
  parseWhole,
  withOptionalValue,
} from '../command-line.js';
import { usageError } from '../exit-codes.js';
import { parseModule } from './endpoint-class.js';
import { parseLoopbackUrl } from './http-target.js';

/** Where the endpoint under load lives, seen from the caller. */
export type LoadPath = 'thread' | 'tcp' | 'local';

/** A user's endpoint and how to call it. */
export interface ModuleChoice {
  readonly module: string;
  readonly exportName: string;
  readonly method: string;
  readonly args: readonly unknown[];
  readonly expected: { readonly value: unknown } | undefined;
  readonly countMethod: string | undefined;
}

/** What `ringlane load` was asked to do. */
export interface LoadCommandOptions {
  readonly inFlight: number;
  readonly durationMs: number;
  readonly warmupMs: number;
  readonly ratePerSecond: number | undefined;
  readonly timeoutMs: number;
  readonly path: LoadPath;
  readonly kind: 'ask' | 'tell';
  readonly payloadBytes: number;
  readonly module: ModuleChoice | undefined;
  readonly url: URL | undefined;
  /** `-` writes the JSON to standard output and nothing else. */
  readonly jsonFile: string | undefined;
}

/** `ringlane load --help`. */
export const LOAD_HELP = `Usage: ringlane load [options]

Loads an endpoint and reports latency, throughput, CPU time and errors. Without a target
option it loads a shipped echo endpoint and checks every reply.

Load
  -c, --connections N     calls in flight (default 64; 1000 with -R)
  -d, --duration TIME     how long to measure: 500ms, 10s, 2m; seconds without a unit
                          (default 10s)
  -R, --rate N            calls a second, whether answers come or not (open loop); 20k is
                          20000. Latency then counts from when a call was due, so that a
                          stall is not hidden (no coordinated omission). The generator
                          stays awake for it and takes a core. Without -R a new call begins
                          when one is answered (closed loop).
      --warmup TIME       load before measuring (default 1s)
      --timeout TIME      deadline of a call (default 10s)

Target
      --path WHERE        thread: another thread, over shared memory (default)
                          tcp: another process, over loopback TCP
                          local: the caller's own thread
      --kind KIND         ask: wait for the answer (default); tell: send only, the
                          endpoint counts what it heard
      --payload BYTES     send and get back so many bytes instead of a number
      --module FILE#NAME  your endpoint class instead: extends RpcEndpoint, no constructor
                          arguments, static gateways and module
      --method NAME       its method; ask or tell as its contract says
      --args JSON         arguments of the method, a JSON array (default [])
      --expect JSON       what each reply must be
      --count METHOD      for a tell: the ask that answers how many tells were heard
      --url URL           GET http://127.0.0.1:PORT/path instead, over connections that
                          are kept; 429 is counted apart

Output
      --json [FILE]       the result as JSON, to FILE or to standard output
  -h, --help

Exit codes: 0 every reply was right; 1 a reply was wrong, missing or an error; 2 usage;
3 the module cannot be loaded; 130 Ctrl-C, after printing what was measured.
`;

const OPTIONS = {
  connections: { type: 'string', short: 'c' },
  duration: { type: 'string', short: 'd' },
  rate: { type: 'string', short: 'R' },
  warmup: { type: 'string' },
  timeout: { type: 'string' },
  path: { type: 'string' },
  kind: { type: 'string' },
  payload: { type: 'string' },
  module: { type: 'string' },
  method: { type: 'string' },
  args: { type: 'string' },
  expect: { type: 'string' },
  count: { type: 'string' },
  url: { type: 'string' },
  json: { type: 'string' },
} as const;

const SYNTAX = { command: 'load', options: OPTIONS, takesWords: false } as const;

const CLOSED_LOOP_IN_FLIGHT = 64;
const OPEN_LOOP_IN_FLIGHT = 1000;
/** Larger ones would not fit into a frame of the default size. */
const PAYLOAD_BYTES_MAX = 10_000_000;

/** Reads the arguments after `load`; throws a usage error of one line. */
export function parseLoadOptions(args: readonly string[]): LoadCommandOptions {
  const given = parseOptions(withOptionalValue(args, '--json', '-'), SYNTAX);
  const read = <T>(name: keyof typeof OPTIONS, parse: (option: string, text: string) => T) => {
    const text = given.text(name);
    return text === undefined ? undefined : parse(`--${name}`, text);
  };
  const ratePerSecond = read('rate', (o, t) => parseNumber(o, t, [0.01, 100_000_000]));
  const inFlight = read('connections', (o, t) => parseWhole(o, t, [1, 65_536]));
  const kind = read('kind', (o, t) => parseChoice(o, t, ['ask', 'tell']));
  const durationMs = read('duration', parseDurationMs) ?? 10_000;
  if (durationMs < 1) throw usageError('--duration must be at least 1ms');
  const module = parseModuleChoice(given.text.bind(given));
  const url = read('url', (_, text) => parseLoopbackUrl(text));
  if (url && (module || kind || given.text('path') || given.text('payload'))) {
    throw usageError('--url is a target of its own: leave out --module, --path, --kind, --payload');
  }
  if (module && (kind || given.text('payload'))) {
    throw usageError('--module takes kind and arguments from its contract and --args');
  }
  return {
    inFlight:
      inFlight ?? (ratePerSecond === undefined ? CLOSED_LOOP_IN_FLIGHT : OPEN_LOOP_IN_FLIGHT),
    durationMs,
    warmupMs: read('warmup', parseDurationMs) ?? 1000,
    ratePerSecond,
    timeoutMs: read('timeout', parseDurationMs) ?? 10_000,
    path: read('path', (o, t) => parseChoice(o, t, ['thread', 'tcp', 'local'])) ?? 'thread',
    kind: kind ?? 'ask',
    payloadBytes: read('payload', (o, t) => parseWhole(o, t, [0, PAYLOAD_BYTES_MAX])) ?? 0,
    module,
    url,
    jsonFile: given.text('json'),
  };
}

function parseModuleChoice(text: (name: string) => string | undefined): ModuleChoice | undefined {
  const module = text('module');
  if (module === undefined) {
    const stray = ['method', 'args', 'expect', 'count'].find((name) => text(name) !== undefined);
    if (stray !== undefined) throw usageError(`--${stray} belongs to --module FILE#NAME`);
    return undefined;
  }
  const method = text('method');
  if (method === undefined) throw usageError('--module needs --method NAME');
  const args = parseJson('--args', text('args') ?? '[]');
  if (!Array.isArray(args)) throw usageError('--args takes a JSON array, one element an argument');
  const expected = text('expect');
  return {
    ...parseModule(module),
    method,
    args: args as unknown[],
    expected: expected === undefined ? undefined : { value: parseJson('--expect', expected) },
    countMethod: text('count'),
  };
}

function parseJson(option: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw usageError(`${option} takes JSON, not ${text}`);
  }
}
