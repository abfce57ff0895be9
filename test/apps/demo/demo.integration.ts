import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { DemoReport } from '../../../apps/report/report-model.js';
import { type CliRun, runCli, startCli } from '../run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'ringlane-demo-'));
after(() => rmSync(folder, { recursive: true }));

/** Ctrl-C is obeyed in two seconds; the rest is a busy machine starting and ending processes. */
const INTERRUPTED_WITHIN_MS = 3_000;

const text = join(folder, 'text');
mkdirSync(join(text, 'below'), { recursive: true });
writeFileSync(join(text, 'a.txt'), 'to be or not to be\n'.repeat(500));
// Larger than a piece: its words lie on borders too.
writeFileSync(
  join(text, 'below', 'b.txt'),
  'that is the question, naïve Größe 字\n'.repeat(60_000),
);
writeFileSync(join(text, 'c.bin'), Buffer.alloc(64));

function demoArgs(name: string, ...args: string[]): string[] {
  return ['demo', '--input', text, '--output', join(folder, name), ...args];
}

function readReport(name: string): DemoReport {
  return JSON.parse(readFileSync(join(folder, name, 'report.json'), 'utf8')) as DemoReport;
}

function isAlive(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch {
    return false;
  }
}

function childOf(report: DemoReport): number {
  return report.cluster!.members.find((member) => member.isOwnProcess)!.processId;
}

test('from one command to a report, all counts equal', async () => {
  const args = demoArgs('whole', '--rounds', '2', '--load-duration', '60ms');
  const { code, stdout, stderr } = await runCli(args);
  assert.equal(code, 0, stdout + stderr);
  for (const step of ['connected', 'handshake', 'registered, InstanceID', 'slots', 'heartbeat']) {
    assert.ok(stdout.includes(step), step);
  }
  assert.match(stdout, /skipped: 1 binary/);
  assert.match(stdout, /all counts equal/);
  assert.ok(!stdout.includes('\u001b'));
  const report = readReport('whole');
  const firstKeys = ['machine', 'cluster', 'wordCount', 'load'];
  assert.deepEqual(Object.keys(report).slice(0, 4), firstKeys);
  const { wordCount, cluster, load } = report;
  assert.equal(wordCount?.equal, true);
  assert.equal(wordCount.words, 500 * 6 + 60_000 * 7);
  assert.deepEqual(
    wordCount.top
      .map(({ word }) => word)
      .sort()
      .slice(0, 3),
    ['Größe', 'be', 'is'],
  );
  assert.ok(wordCount.clusterMs > 0 && wordCount.plainMs > 0);
  assert.equal(wordCount.rounds.length, 2);
  assert.ok(cluster!.startMs > 0 && cluster!.taskExecutors >= 2);
  assert.equal(cluster!.members.length, cluster!.taskExecutors + 1);
  assert.equal(load.length, 10);
  const rowKeys =
    'path kind inFlight callsPerSecond p50Us p99Us p999Us cpuUsPerCall verified'.split(' ');
  for (const row of load) {
    assert.deepEqual(Object.keys(row).slice(0, rowKeys.length), rowKeys);
    assert.equal(row.verified, true);
  }
  assert.match(readFileSync(join(folder, 'whole', 'report.html'), 'utf8'), /^<!doctype html>/);
  assert.equal(isAlive(childOf(report)), false);
});

test('colours when they are forced, one TaskExecutor on a thread, no load test', async () => {
  const args = demoArgs('one', '--task-executors', '1', '--rounds', '1', '--load-duration', '0');
  const { code, stdout } = await runCli(args, { FORCE_COLOR: '1' });
  assert.equal(code, 0, stdout);
  assert.ok(stdout.includes('\u001b[1m'));
  const report = readReport('one');
  assert.equal(report.cluster!.taskExecutors, 1);
  assert.equal(report.wordCount!.equal, true);
  assert.deepEqual(report.load, []);
});

test('what cannot be read is one clear line and exit code 3, before anything starts', async () => {
  const empty = join(folder, 'empty');
  mkdirSync(empty);
  const cases: readonly (readonly [path: string, message: RegExp])[] = [
    [join(folder, 'absent'), /there is no file or folder/],
    [empty, /nothing to read/],
    [join(text, 'c.bin'), /holds no text \(1 binary\)/],
  ];
  for (const [path, message] of cases) {
    const run = await runCli(['demo', '--input', path, '--output', join(folder, 'bad')]);
    assert.equal(run.code, 3);
    assert.match(run.stderr, message);
    assert.match(run.stderr, /^ringlane: [^\n]+\n$/);
    assert.doesNotMatch(run.stdout, /A cluster forms/);
  }
});

async function interruptAt(printed: string, args: readonly string[]): Promise<CliRun> {
  const running = startCli(args);
  await running.printed(printed);
  const startMs = performance.now();
  running.child.kill('SIGINT');
  const run = await running.ended;
  const tookMs = performance.now() - startMs;
  assert.equal(run.code, 130, run.stdout + run.stderr);
  assert.ok(tookMs < INTERRUPTED_WITHIN_MS, `took ${tookMs} ms`);
  return run;
}

test('Ctrl-C while counting stops everything and writes what was measured', async () => {
  await interruptAt('round 1', demoArgs('counting', '--rounds', '99'));
  const report = readReport('counting');
  assert.equal(report.interrupted, true);
  assert.ok(report.wordCount!.rounds.length >= 1);
  assert.equal(report.wordCount!.equal, null, 'nobody has compared the counts');
  const page = readFileSync(join(folder, 'counting', 'report.html'), 'utf8');
  assert.doesNotMatch(page, /counts differ/i);
  assert.equal(isAlive(childOf(report)), false);
});

test('Ctrl-C in the load test keeps the word count', async () => {
  await interruptAt('3. Load test', demoArgs('loading', '--rounds', '1', '--load-duration', '20s'));
  const report = readReport('loading');
  assert.equal(report.interrupted, true);
  assert.equal(report.wordCount!.equal, true);
  assert.equal(isAlive(childOf(report)), false);
});

test('Ctrl-C while the cluster forms leaves nothing behind', async () => {
  await interruptAt('A cluster forms', demoArgs('forming'));
});

test('a report that cannot be written is one clear line, and the cluster ends', async () => {
  const args = ['--input', text, '--output', join(text, 'a.txt', 'below')];
  const run = await runCli(['demo', ...args, '--rounds', '1', '--load-duration', '0']);
  assert.equal(run.code, 3, run.stdout + run.stderr);
  assert.match(run.stderr, /^ringlane: --output: cannot write to .+\n$/);
});
