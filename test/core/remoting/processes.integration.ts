import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { type ActorRef, ActorSystem, ask, Identify, PoisonPill, Props } from '../../../actor.js';
import { until } from '../../support/until.js';
import { startChild } from './actor-child.js';
import { Watcher, type Work, Worker } from './remoting-fixtures.js';

const TIMEOUT_MS = 30_000;

/** A system that listens, and a process with another one. */
async function withFar(
  test: (system: ActorSystem, base: string, kill: () => void) => Promise<void>,
  listen?: { readonly port: number },
): Promise<void> {
  const { child, base } = await startChild();
  const options = listen ? { threads: 1, listen } : { threads: 1 };
  const system = await ActorSystem.start({ service: { systemName: 'near', ...options } });
  const exit = once(child, 'exit');
  try {
    await test(system, base, () => void child.kill('SIGKILL'));
  } finally {
    if (child.connected) child.send('close');
    await system.close();
    await exit;
  }
}

async function found(system: ActorSystem, path: string): Promise<ActorRef<Work>> {
  const { ref } = await ask(system.actorSelection(path), new Identify(path), TIMEOUT_MS);
  assert.ok(ref, `nobody at ${path}`);
  return ref;
}

test('a remote selection finds actors on home and worker threads, with wildcards', async () => {
  await withFar(
    async (system, base) => {
      for (const name of ['home', 'worker']) {
        const ref = await found(system, `${base}/user/${name}`);
        assert.equal(ref.path.replace(/#\d+$/, ''), `${base}/user/${name}`);
        const self = (await ask(ref, { kind: 'who am I' }, TIMEOUT_MS)) as { starter: string };
        assert.equal(self.starter, name);
        assert.ok((await found(system, ref.path)).equals(ref), 'the same incarnation');
      }
      assert.match((await found(system, `${base}/user/w*k?r`)).path, /\/user\/worker#/);
      const nowhere = await ask(
        system.actorSelection(`${base}/user/nobody`),
        new Identify(2),
        TIMEOUT_MS,
      );
      assert.equal(nowhere.ref, undefined);
      await assert.rejects(ask(system.actorSelection(`${base}/user/nobody`), 'x', TIMEOUT_MS), {
        code: 'RECIPIENT_UNREACHABLE',
      });
    },
    { port: 0 },
  );
});

test('references go to the other process and back, and lead there and back', async () => {
  await withFar(
    async (system, base) => {
      const here = system.actorOf(Props.of(Worker, 'here'), 'here');
      const onWorker = await system.actorOf(Props.of(Worker).withThread(0), 'on-worker');
      const far = await found(system, `${base}/user/worker`);
      for (const near of [here, onWorker]) {
        far.tell({ kind: 'answer to', ref: near, value: { kind: 'keep', value: 'told' } });
        await until(async () => {
          return ((await ask(near, { kind: 'kept' }, TIMEOUT_MS)) as unknown[]).length === 1;
        }, 'what the other process told');
        const back = await ask(far, { kind: 'echo', value: { near } }, TIMEOUT_MS);
        assert.ok((back as { near: ActorRef<Work> }).near.equals(near));
        // From a worker here to a worker there, which answers whoever asked.
        const self = (await ask(
          near,
          { kind: 'introduce', to: far },
          TIMEOUT_MS,
        )) as ActorRef<Work>;
        assert.ok(self.equals(near));
      }
    },
    { port: 0 },
  );
});

test('a killed process: Terminated once a watch, asks fail, tells are dead letters', async () => {
  await withFar(
    async (system, base, kill) => {
      const watchers = [
        system.actorOf(Props.of(Watcher), 'at-home'),
        await system.actorOf(Props.of(Watcher).withThread(0), 'on-worker'),
      ];
      const refs = [
        await found(system, `${base}/user/home`),
        await found(system, `${base}/user/worker`),
      ];
      for (const watcher of watchers) {
        for (const watch of refs) await ask(watcher, { watch }, TIMEOUT_MS);
      }
      // The way there is open: what is asked now is lost with the peer, not with a connect to it.
      await ask(refs[1]!, { kind: 'where' }, TIMEOUT_MS);
      const waiting = ask(refs[1]!, { kind: 'silent' }, TIMEOUT_MS);
      kill();
      await assert.rejects(waiting, { code: 'PEER_LOST' });
      for (const watcher of watchers) {
        const ended = async (): Promise<string[]> =>
          (await ask(watcher, { kind: 'ended' }, TIMEOUT_MS)) as string[];
        await until(async () => (await ended()).length === 2, 'both ends');
        assert.deepEqual((await ended()).sort(), ['home', 'worker']);
      }
      const letters: unknown[] = [];
      system.deadLetters.subscribe(({ message }) => letters.push(message));
      refs[0]!.tell({ kind: 'keep', value: 'late' });
      await until(() => letters.length > 0, 'the dead letter');
      await assert.rejects(ask(refs[0]!, { kind: 'where' }, TIMEOUT_MS), {
        code: /CONNECTION_FAILED|RECIPIENT_UNREACHABLE|PEER_LOST/,
      });
    },
    { port: 0 },
  );
});

test('an actor of another process that stops is reported, and can be told to', async () => {
  await withFar(
    async (system, base) => {
      const watcher = system.actorOf(Props.of(Watcher), 'watcher');
      const ref = await found(system, `${base}/user/worker`);
      await ask(watcher, { watch: ref }, TIMEOUT_MS);
      ref.tell(PoisonPill);
      const ended = async (): Promise<string[]> =>
        (await ask(watcher, { kind: 'ended' }, TIMEOUT_MS)) as string[];
      await until(async () => (await ended()).length === 1, 'its end');
      const home = await found(system, `${base}/user/home`);
      await ask(watcher, { watch: home }, TIMEOUT_MS);
      system.stop(home);
      await until(async () => (await ended()).length === 2, 'the other end');
      await assert.rejects(ask(home, { kind: 'where' }, TIMEOUT_MS), {
        code: 'RECIPIENT_UNREACHABLE',
        effect: 'none',
      });
    },
    { port: 0 },
  );
});

test('who does not listen can ask and tell, but not be told', async () => {
  await withFar(async (system, base) => {
    const here = system.actorOf(Props.of(Worker, 'here'), 'here');
    const far = await found(system, `${base}/user/home`);
    assert.equal(await ask(far, { kind: 'echo', value: 1 }, TIMEOUT_MS), 1);
    far.tell({ kind: 'keep', value: 'told' });
    assert.deepEqual(await ask(far, { kind: 'kept' }, TIMEOUT_MS), ['told']);
    assert.throws(() => far.tell({ kind: 'where' }, here), {
      code: 'INVALID_STATE',
      message: /no listener/,
    });
  });
});

test('nobody at the address: an ask fails in its time, a tell is a dead letter', async () => {
  const system = await ActorSystem.start({ service: { systemName: 'near', threads: 0 } });
  try {
    const nowhere = system.actorSelection('ringlane.tcp://far@127.0.0.1:1/user/x');
    const letters: unknown[] = [];
    system.deadLetters.subscribe(({ message }) => letters.push(message));
    nowhere.tell('anybody?');
    await assert.rejects(ask(nowhere, 'anybody?', TIMEOUT_MS), { code: 'CONNECTION_FAILED' });
    assert.deepEqual(letters, ['anybody?']);
  } finally {
    await system.close();
  }
});
