import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { effectiveOptions } from '../../core/config/options.js';
import { createRegion } from '../../core/memory/region-descriptor.js';
import { createMetricsMemory } from '../../core/metrics/metrics-descriptor.js';
import { Home } from '../../core/rpc/home.js';
import type { ThreadBirth, ThreadMessage } from '../../core/rpc/thread-host.js';
import { tcpTransport } from '../../core/transport/tcp-transport.js';
import { offloadPool } from '../../workers/offload-pool.js';
import { workerThreadHost } from '../../workers/thread-host.js';
import { failure } from '../support/failure.js';

function birth(region: SharedArrayBuffer = createRegion(2).buffer): ThreadBirth {
  const { settings } = effectiveOptions({ threads: 1 });
  const base = { protocol: 'local', system: 'ringlane', host: '', port: -1 } as const;
  const metrics = createMetricsMemory(2).buffer;
  return { thread: 1, region, settings, epochMs: 0, base, port: -1, metrics };
}

test('a thread says that it is ready, and ends when it is told to', async () => {
  const hosted = workerThreadHost.spawn(birth(), undefined);
  const messages: ThreadMessage[] = [];
  const ready = new Promise<void>((resolve) => {
    hosted.onMessage((message) => {
      messages.push(message);
      resolve();
    });
  });
  await ready;
  deepEqual(messages, [{ kind: 'ready' }]);
  await Promise.all([hosted.terminate(), hosted.terminate()]);
  const { error } = await hosted.exited;
  equal(error, undefined);
});

test('a thread that cannot come up ends with its error', async () => {
  const hosted = workerThreadHost.spawn(birth(new SharedArrayBuffer(8)), undefined);
  const { exitCode, error } = await hosted.exited;
  equal(exitCode, 1);
  ok(error instanceof Error && error.message.length > 0);
  await hosted.terminate();
});

test('a thread gets the limits that it is given', async () => {
  const generous = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8, stackSizeMb: 1 };
  const hosted = workerThreadHost.spawn(birth(), generous);
  const isUp = new Promise<boolean>((resolve) => hosted.onMessage(() => resolve(true)));
  ok(await Promise.race([isUp, hosted.exited.then(() => false)]), 'it comes up within them');
  await hosted.terminate();
});

test('a service whose thread does not come up fails to start and leaves nothing open', async () => {
  let spawned = 0;
  const threadHost = {
    spawn: (good: ThreadBirth): ReturnType<typeof workerThreadHost.spawn> => {
      const isBad = spawned++ === 1;
      return workerThreadHost.spawn(
        isBad ? { ...good, region: new SharedArrayBuffer(8) } : good,
        {},
      );
    },
  };
  const ports = { threadHost, offload: offloadPool, transport: tcpTransport };
  const home = new Home(effectiveOptions({ threads: 3, listen: { port: 0 } }), ports);
  const error = await failure('THREAD_START_FAILED', home.start());
  equal(error.effect, 'none');
  match(error.message, /worker thread 1 ended/);
  ok(error.cause instanceof Error);
  equal(spawned, 3);
  // A handle left open would keep this file from ending, which fails it.
});
