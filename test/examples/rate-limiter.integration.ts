import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { startRateLimiter } from '../../examples/rate-limiter/server.js';
import { REPOSITORY_ROOT } from '../support/repository.js';

async function statusesOf(url: string, count: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < count; i++) statuses.push((await fetch(url)).status);
  return statuses;
}

test('lets a full bucket through, refuses the rest, and keeps keys apart', async () => {
  const limiter = await startRateLimiter({ capacity: 3, tokensPerSecond: 0.001, threads: 2 });
  try {
    assert.deepEqual(await statusesOf(`${limiter.url}?key=alice`, 5), [200, 200, 200, 429, 429]);
    assert.deepEqual(await statusesOf(`${limiter.url}?key=bob`, 2), [200, 200]);
    const refused = await fetch(limiter.url, { headers: { 'x-api-key': 'alice' } });
    assert.equal(refused.status, 429);
    assert.equal(refused.headers.get('ratelimit-remaining'), '0');
    assert.ok(Number(refused.headers.get('retry-after')) > 900);
    const body = (await refused.json()) as { key: string; retryAfterMs: number };
    assert.equal(body.key, 'alice');
    assert.equal((await fetch(limiter.url)).status, 400);
    assert.equal((await fetch(`${limiter.url}/`)).status, 400, 'a target that is no URL');
  } finally {
    await limiter.close();
  }
});

test('many at once: exactly the capacity passes, for each of many keys', async () => {
  const limiter = await startRateLimiter({ capacity: 5, tokensPerSecond: 0.001, threads: 2 });
  try {
    const keys = Array.from({ length: 20 }, (_, i) => `key-${i}`);
    const passed = await Promise.all(
      keys.map(async (key) => {
        const calls = Array.from({ length: 8 }, () => fetch(`${limiter.url}?key=${key}`));
        return (await Promise.all(calls)).filter(({ status }) => status === 200).length;
      }),
    );
    assert.deepEqual(
      passed,
      keys.map(() => 5),
    );
  } finally {
    await limiter.close();
  }
});

test('a bucket fills again', async () => {
  const limiter = await startRateLimiter({ capacity: 1, tokensPerSecond: 2, threads: 1 });
  try {
    const url = `${limiter.url}?key=carol`;
    assert.equal((await fetch(url)).status, 200);
    // A slow machine may have let a token in between; then the first 429 comes a little later.
    let refused = await fetch(url);
    for (let tries = 0; refused.status === 200 && tries < 100; tries++) refused = await fetch(url);
    assert.equal(refused.status, 429);
    const { retryAfterMs } = (await refused.json()) as { retryAfterMs: number };
    assert.ok(retryAfterMs > 0 && retryAfterMs <= 500, String(retryAfterMs));
    let status = 429;
    for (let tries = 0; status === 429 && tries < 10_000; tries++)
      status = (await fetch(url)).status;
    assert.equal(status, 200);
  } finally {
    await limiter.close();
  }
});

async function firstLine(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout! });
  const [line] = (await once(lines, 'line')) as [string];
  return line;
}

test('the program listens until it is told to end', async () => {
  const file = `${REPOSITORY_ROOT}dist/examples/rate-limiter/main.js`;
  const child = spawn(process.execPath, [file, '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const line = await firstLine(child);
    const url = /^listening on (http:\/\/127\.0\.0\.1:\d+\/)$/.exec(line)?.[1];
    assert.ok(url, line);
    assert.equal((await fetch(`${url}?key=dave`)).status, 200);
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    assert.deepEqual(await exit, [0, null]);
  } finally {
    child.kill('SIGKILL');
  }
});

test('a port that is taken fails the start, and leaves nothing open', async () => {
  const first = await startRateLimiter({ threads: 1 });
  try {
    const port = Number(new URL(first.url).port);
    await assert.rejects(startRateLimiter({ port, threads: 1 }), { code: 'EADDRINUSE' });
  } finally {
    await first.close();
  }
});
