import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { listFiles, REPOSITORY_ROOT } from './support/repository.js';

interface Kind {
  readonly name: string;
  readonly suffix: string;
  /** Files at a time; 1 where threads and sockets must have the machine for themselves. */
  readonly concurrency: number;
  /** The longest that one file may take. */
  readonly timeoutMs: number;
}

const KINDS: readonly Kind[] = [
  { name: 'unit', suffix: '.test.ts', concurrency: 2, timeoutMs: 120_000 },
  { name: 'fuzz', suffix: '.fuzz.ts', concurrency: 2, timeoutMs: 120_000 },
  { name: 'sim', suffix: '.sim.ts', concurrency: 2, timeoutMs: 120_000 },
  { name: 'stress', suffix: '.stress.ts', concurrency: 1, timeoutMs: 180_000 },
  { name: 'integration', suffix: '.integration.ts', concurrency: 1, timeoutMs: 240_000 },
];

const USAGE = `node dist/test/run.js [kind | part of a path]...
Runs the compiled tests of the given kinds (${KINDS.map((kind) => kind.name).join(', ')})
whose path holds one of the given parts; without arguments all of them.`;

const COUNTS = ['tests', 'suites', 'pass', 'fail', 'cancelled', 'skipped', 'todo'] as const;
const SUMMARY_LINE = new RegExp(`^(${COUNTS.join('|')}|duration_ms) ([\\d.]+)$`);

/** What every event of `node:test` has in common; only diagnostics carry a message. */
interface TestEvent {
  readonly type: string;
  readonly data: { readonly nesting?: number; readonly message?: string };
}

const totals = new Map<string, number>(COUNTS.map((name) => [name, 0]));

/** Takes the summary of a single file out of the stream and adds it to the totals. */
function isSummary(event: TestEvent): boolean {
  if (event.type === 'test:summary') return true;
  if (event.type !== 'test:diagnostic' || event.data.nesting !== 0) return false;
  const line = SUMMARY_LINE.exec(event.data.message ?? '');
  if (line) totals.set(line[1]!, (totals.get(line[1]!) ?? 0) + Number(line[2]));
  return line !== null;
}

/**
 * One `run` a file: its signal ends a file that hangs, also one whose tests are done but which
 * left a handle open, alike on every Node (`timeout` does not, from 24 on).
 */
async function runFile(file: string, timeoutMs: number): Promise<TestEvent[]> {
  const signal = AbortSignal.timeout(timeoutMs);
  const events: TestEvent[] = [];
  for await (const event of run({ files: [file], signal }) as AsyncIterable<TestEvent>) {
    if (!isSummary(event)) events.push(event);
  }
  return events;
}

async function* runKind(kind: Kind, files: readonly string[]): AsyncGenerator<TestEvent> {
  const underWay: Promise<TestEvent[]>[] = [];
  for (const file of files) {
    underWay.push(runFile(file, kind.timeoutMs));
    if (underWay.length === kind.concurrency) yield* await underWay.shift()!;
  }
  for (const events of underWay) yield* await events;
}

/** Sources name the tests, so that a stale file in `dist` never runs and a missing one fails. */
async function* runAll(kinds: readonly Kind[], parts: readonly string[]) {
  const paths = listFiles('test').filter(
    (path) => parts.length === 0 || parts.some((part) => path.includes(part)),
  );
  for (const kind of kinds) {
    const sources = paths.filter((path) => path.endsWith(kind.suffix));
    const files = sources.map((path) => `${REPOSITORY_ROOT}dist/${path.replace(/ts$/, 'js')}`);
    yield* runKind(kind, files);
  }
}

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) return console.log(USAGE);
  const named = KINDS.filter((kind) => args.includes(kind.name));
  const parts = args.filter((arg) => !named.some((kind) => kind.name === arg));
  const events = Readable.from(runAll(named.length > 0 ? named : KINDS, parts));
  await pipeline(events, new spec(), process.stdout, { end: false });

  for (const [name, value] of totals) console.log(`# ${name} ${value}`);
  const found = totals.get('tests')! > 0;
  if (!found) console.error('No tests found: is it built, and is the name right?');
  const failures = totals.get('fail')! + totals.get('cancelled')!;
  process.exitCode = found && failures === 0 ? 0 : 1;
}

await main(process.argv.slice(2));
