import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { REPOSITORY_ROOT } from '../support/repository.js';
import { runExample } from './run-example.js';

test('hello prints two sums and ends by itself', async () => {
  assert.deepEqual(await runExample('hello'), ['2', '42']);
});

test('akka-hello tells, leaves unhandled, asks and verifies a selection', async () => {
  assert.deepEqual(await runExample('akka-hello'), [
    'tell1',
    'unhandled:word2',
    'ask1',
    'hello heard ask1',
    'system.actorSelection verify:true',
  ]);
});

test('two-processes works over a thread and TCP, and names what the child took along', async () => {
  assert.deepEqual(await runExample('two-processes/main'), [
    'thread: 1 3 6, this process',
    'tcp: 1 3 6, another process',
    'call under way: PEER_LOST, effect unknown',
    'next call: RECIPIENT_UNREACHABLE, effect none',
    'connect: CONNECTION_FAILED, effect none',
  ]);
});

test('the example of the README is examples/hello.ts', () => {
  const example = readFileSync(`${REPOSITORY_ROOT}examples/hello.ts`, 'utf8');
  const withoutHead = example.replace(/^(\/\/.*\n)+/, '');
  const readme = readFileSync(`${REPOSITORY_ROOT}README.md`, 'utf8');
  assert.ok(readme.includes(`\`\`\`ts\n${withoutHead}\`\`\`\n`), 'copy it anew');
});
