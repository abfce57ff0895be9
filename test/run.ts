import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { listFiles } from './support/repository.js';

/**
 * `node dist/test/run.js [kind | part of a path]...` runs the compiled tests of the given kinds
 * whose path holds one of the given parts; without arguments all. It is one way for every Node:
 * `node --test` finds a folder on 20 but not on 22, and a glob on 22 but not on 20.
 */
interface Kind {
  readonly name: string;
  readonly suffix: string;
  /** Files at a time; 1 where threads and sockets must have the machine for themselves. */
  readonly concurrency: number;
  /** The longest that one file may take. */
  readonly timeoutMs: number;
}

const KINDS: readonly Kind[] = [
  { name: 'unit', suffix: '.test.js', concurrency: 2, timeoutMs: 120_000 },
  { name: 'fuzz', suffix: '.fuzz.js', concurrency: 2, timeoutMs: 120_000 },
  { name: 'sim', suffix: '.sim.js', concurrency: 2, timeoutMs: 120_000 },
  { name: 'stress', suffix: '.stress.js', concurrency: 1, timeoutMs: 180_000 },
  { name: 'integration', suffix: '.integration.js', concurrency: 1, timeoutMs: 240_000 },
];

const SUMMARY_NAMES = ['tests', 'suites', 'pass', 'fail', 'cancelled', 'skipped', 'todo'] as const;
const SUMMARY_LINE = new RegExp(`^(${SUMMARY_NAMES.join('|')}|duration_ms) ([\\d.]+)$`);

type TestEvent = { readonly type: string; readonly data: { readonly message?: string } };

const totals = new Map<string, number>(SUMMARY_NAMES.map((name) => [name, 0]));

function filesOf(kind: Kind, parts: readonly string[], distRoot: string): string[] {
  const named = (path: string): boolean =>
    parts.length === 0 || parts.some((part) => path.includes(part));
  return listFiles('test', distRoot)
    .filter((path) => path.endsWith(kind.suffix) && named(path))
    .map((path) => distRoot + path);
}

/** One kind after the other as one stream; each run's own summary is taken out and added up. */
async function* runKinds(kinds: readonly Kind[], parts: readonly string[]) {
  const distRoot = fileURLToPath(new URL('../', import.meta.url));
  for (const kind of kinds) {
    const files = filesOf(kind, parts, distRoot);
    if (files.length === 0) continue;
    const { concurrency, timeoutMs } = kind;
    const events = run({ files, concurrency, timeout: timeoutMs }) as AsyncIterable<TestEvent>;
    for await (const event of events) {
      const line = event.type === 'test:diagnostic' && SUMMARY_LINE.exec(event.data.message ?? '');
      if (!line) yield event;
      else totals.set(line[1]!, (totals.get(line[1]!) ?? 0) + Number(line[2]));
    }
  }
}

const args = process.argv.slice(2);
const named = KINDS.filter((kind) => args.includes(kind.name));
const parts = args.filter((arg) => !named.some((kind) => kind.name === arg));
const events = Readable.from(runKinds(named.length > 0 ? named : KINDS, parts));
await pipeline(events, new spec(), process.stdout, { end: false });

for (const [name, value] of totals) console.log(`# ${name} ${value}`);
const failures = totals.get('fail')! + totals.get('cancelled')!;
if (totals.get('tests') === 0) console.error('no tests found: is the build there, is the name right?');
process.exitCode = failures > 0 || totals.get('tests') === 0 ? 1 : 0;
