import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCli, startCli } from '../run-cli.js';
import { CounterEndpoint, StubbornEndpoint } from './counter-endpoint.js';

const SHORT = ['-d', '150ms', '--warmup', '20ms', '-c', '4'];
const FIXTURE = fileURLToPath(CounterEndpoint.module);
const STUBBORN = `${FIXTURE}#${StubbornEndpoint.name}`;

interface LoadJson {
  readonly verified: boolean;
  readonly calls: number;
  readonly callsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p9999Us: number;
  readonly maxUs: number;
  readonly cpuUsPerCall: number;
  readonly refused: number;
  readonly wrong: number;
  readonly machine: { readonly node: string };
}

async function loadJson(...args: string[]): Promise<LoadJson & { readonly code: number | null }> {
  const { code, stdout, stderr } = await runCli(['load', ...SHORT, ...args, '--json']);
  assert.notEqual(stdout, '', stderr);
  return { ...(JSON.parse(stdout) as LoadJson), code };
}

for (const path of ['thread', 'tcp', 'local']) {
  for (const kind of ['ask', 'tell']) {
    test(`${kind} on the path ${path}: every reply is checked`, async () => {
      const result = await loadJson('--path', path, '--kind', kind);
      assert.equal(result.verified, true);
      assert.equal(result.code, 0);
      assert.ok(result.calls > 0 && result.callsPerSecond > 0);
      assert.ok(result.p50Us > 0 && result.p50Us <= result.p99Us);
      assert.ok(result.p9999Us <= result.maxUs);
      assert.ok(result.cpuUsPerCall > 0);
      assert.equal(result.machine.node, process.version);
    });
  }
}

test('payloads of all sizes come back as they went', async () => {
  for (const bytes of ['1', '5', '1000', '100000']) {
    const result = await loadJson('--payload', bytes, '-d', '60ms');
    assert.equal(result.verified, true, bytes);
  }
  assert.equal((await loadJson('--payload', '100', '--kind', 'tell')).verified, true);
});

test("a user's endpoint: asks, a wrong expectation, tells with a count", async () => {
  const module = ['--module', `${FIXTURE}#CounterEndpoint`];
  const right = await loadJson(...module, '--method', 'double', '--args', '[21]', '--expect', '42');
  assert.equal(right.verified, true);
  const wrong = await loadJson(...module, '--method', 'double', '--args', '[1]', '--expect', '3');
  assert.equal(wrong.verified, false);
  assert.ok(wrong.wrong > 0);
  assert.equal(wrong.code, 1);
  const told = await loadJson(...module, '--method', 'hit', '--count', 'hits', '--path', 'tcp');
  assert.equal(told.verified, true);
});

test('a module that cannot be used is exit code 3 or 2', async () => {
  const missing = await runCli(['load', '--module', `${FIXTURE}#Nothing`, '--method', 'x']);
  assert.equal(missing.code, 3);
  assert.match(missing.stderr, /exports no endpoint class Nothing/);
  const module = ['load', '--module', `${FIXTURE}#CounterEndpoint`, '--method'];
  const method = await runCli([...module, 'absent']);
  assert.equal(method.code, 2);
  assert.match(method.stderr, /there is no absent; the contract has double, hit, hits/);
  assert.match((await runCli([...module, 'hit'])).stderr, /hit is a tell: --count METHOD/);
});

test('HTTP: 429 is counted apart and is no error', async () => {
  let calls = 0;
  const server = createServer((_, response) => {
    response.statusCode = ++calls % 4 === 0 ? 429 : 200;
    response.end('x');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const result = await loadJson('--url', `http://127.0.0.1:${port}/`, '-R', '200');
    assert.equal(result.verified, true);
    assert.ok(result.refused > 0 && result.calls > result.refused);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('Ctrl-C prints what was measured', async () => {
  const running = startCli(['load', '-d', '60s', '--warmup', '0']);
  await running.printed('closed loop');
  running.child.kill('SIGINT');
  const { code, stdout } = await running.ended;
  assert.equal(code, 130);
  assert.match(stdout, /calls\/s/);
});

test('what was measured is told, also when the endpoint fails as it stops', async () => {
  const module = ['--module', STUBBORN, '--method', 'yes'];
  const { verified, calls, code } = await loadJson(...module);
  assert.equal(verified, true);
  assert.ok(calls > 0);
  assert.equal(code, 1);
  const { stderr } = await runCli(['load', ...SHORT, ...module]);
  assert.match(stderr, /it goes on/);
});

test('Ctrl-C prints what was measured, also when the endpoint never stops', async () => {
  const module = ['--module', STUBBORN, '--method', 'block'];
  const running = startCli(['load', '-d', '60s', '--warmup', '0', ...module]);
  await running.printed('closed loop');
  running.child.kill('SIGINT');
  const { code, stdout } = await running.ended;
  assert.equal(code, 130);
  assert.match(stdout, /calls\/s/);
});
