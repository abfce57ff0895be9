import { deepEqual, equal, match, notEqual, ok, rejects } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { addressOf } from '../../index.js';
import { failure } from '../support/failure.js';
import { until } from '../support/until.js';
import {
  Diary,
  DiaryGateway,
  Performer,
  PerformerGateway,
  type Script,
} from './fixtures/performer.js';
import { Witness, WitnessGateway } from './fixtures/witness.js';
import type { Rules, Scene, Subject } from './harness/scene.js';

/** A performer that is not started, a gateway to it, and its diary. */
async function perform(scene: Scene, script: Omit<Script, 'diary'> = {}) {
  const diary = randomUUID();
  const subject = await scene.create(Performer, [{ ...script, diary }]);
  const { gateway: reader } = await scene.open(DiaryGateway, Diary);
  return {
    subject,
    gateway: await scene.service.connect(subject.address, PerformerGateway),
    lines: () => reader.read(diary),
    go: () => reader.go(diary),
    thread: () => reader.thread(),
  };
}

/** An endpoint on the same thread that must not notice anything. */
async function bystander(scene: Scene): Promise<PerformerGateway> {
  const { gateway } = await scene.open(PerformerGateway, Performer, { diary: randomUUID() });
  return gateway;
}

async function isOver(subject: Subject): Promise<boolean> {
  const pending = Symbol('pending');
  const ended = subject.terminationFuture.then(
    () => true,
    () => true,
  );
  return (await Promise.race([ended, Promise.resolve(pending)])) !== pending;
}

export const rules: Rules = {
  async '1 STOPPED, RUNNING, STOPPED again, TERMINATED: each state answers as it must'(scene) {
    const { subject, gateway } = await perform(scene);
    await failure('ENDPOINT_NOT_STARTED', gateway.ping());
    await subject.start();
    equal(await gateway.ping(), 'pong');
    equal(await gateway.isRunningNow(), true);
    await subject.stop();
    await failure('ENDPOINT_NOT_STARTED', gateway.ping());
    await subject.start();
    equal(await gateway.ping(), 'pong', 'a stopped endpoint starts again, the same object');
    await subject.close();
    await failure('RECIPIENT_UNREACHABLE', gateway.ping());
  },

  async '1 asking for the state it has changes nothing'(scene) {
    const { subject, gateway, lines } = await perform(scene);
    await subject.stop();
    await Promise.all([subject.start(), subject.start()]);
    await subject.start();
    equal(await gateway.ping(), 'pong');
    const starts = (await lines()).filter((line) => line.startsWith('onStart'));
    equal(starts.length, 1);
    await subject.stop();
    await subject.stop();
    await Promise.all([subject.close(), subject.close()]);
    await subject.close();
  },

  async '1 any other move is refused with INVALID_STATE, and nothing goes down'(scene) {
    const sibling = await bystander(scene);
    const starting = await perform(scene, { onStart: 'wait' });
    const started = starting.subject.start();
    await until(async () => (await starting.lines()).length === 1, 'onStart');
    equal((await failure('INVALID_STATE', starting.subject.stop())).effect, 'none');
    await starting.go();
    await started;
    equal(await starting.gateway.ping(), 'pong', 'the refused move changed nothing');

    const stopping = await perform(scene, { onStop: 'wait' });
    await stopping.subject.start();
    const stopped = stopping.subject.close();
    await until(async () => (await stopping.lines()).length === 4, 'onStop');
    // In Flink a START while TERMINATING takes the whole system down.
    await failure('INVALID_STATE', stopping.subject.start());
    await failure('INVALID_STATE', stopping.subject.stop());
    await stopping.go();
    await stopped;
    await failure('INVALID_STATE', stopping.subject.start());
    await failure('INVALID_STATE', stopping.subject.stop());
    equal(await sibling.ping(), 'pong');
  },

  async '1 stopped while it starts: the start fails, the stop succeeds'(scene) {
    const { subject, gateway } = await perform(scene, { onStart: 'hang' });
    const starting = failure('INVALID_STATE', subject.start());
    await subject.close();
    await starting;
    await subject.terminationFuture;
    await failure('RECIPIENT_UNREACHABLE', gateway.ping());
  },

  async '2 registered and addressable from its creation, serving only after start'(scene) {
    const { subject, gateway } = await perform(scene);
    equal(addressOf(gateway), subject.address, 'connect and its handshake need no start');
    const error = await failure('ENDPOINT_NOT_STARTED', gateway.ping());
    equal(error.effect, 'none');
    ok(error.message.includes(subject.endpointId), error.message);
    await subject.start();
    equal(await gateway.ping(), 'pong', 'the gateway from before the start is good');
  },

  async '2 before start a tell goes to dead letters, and nothing is buffered'(scene) {
    const { gateway: witness } = await scene.open(WitnessGateway, Witness);
    const { subject, gateway, lines } = await perform(scene);
    const before = await scene.counted();
    gateway.note('too early');
    await failure('ENDPOINT_NOT_STARTED', gateway.ping());
    const letters = await witness.deadLetters();
    const own = letters.filter(({ path }) => path === `/user/rpc/${subject.endpointId}`);
    equal(own.length, 1);
    deepEqual([own[0]!.reason, own[0]!.method], ['not started', 'note']);
    const after = await scene.counted();
    equal(after.tellsNotStarted - before.tellsNotStarted, 1);
    equal(after.deadLetters - before.deadLetters, 1);
    await subject.start();
    await gateway.ping();
    ok(!(await lines()).includes('too early'));
  },

  async '3 onStart runs on the thread of the endpoint, once per start'(scene) {
    const { subject, lines, thread } = await perform(scene);
    await subject.start();
    await subject.stop();
    await subject.start();
    const line = `onStart on thread ${await thread()}`;
    deepEqual(await lines(), [line, line]);
  },

  async '3 until onStart has resolved the endpoint counts as not started'(scene) {
    const { subject, gateway, lines, go } = await perform(scene, { onStart: 'wait' });
    let isStarted = false;
    const starting = subject.start().then(() => (isStarted = true));
    await until(async () => (await lines()).length === 1, 'onStart');
    await failure('ENDPOINT_NOT_STARTED', gateway.ping());
    equal(isStarted, false, 'start() resolves with onStart, not before');
    await go();
    await starting;
    equal(await gateway.ping(), 'pong');
  },

  async '3 a failing onStart terminates the endpoint; start and termination carry why'(scene) {
    for (const onStart of ['fail', 'waitAndFail'] as const) {
      const { subject, gateway, lines, go } = await perform(scene, { onStart });
      const starting = failure('ENDPOINT_START_FAILED', subject.start());
      await until(async () => (await lines()).length > 0, 'onStart');
      await go();
      const error = await starting;
      match(error.message, /it fails/);
      ok(error.cause instanceof Error && /it fails/.test(error.cause.message));
      const end = await failure('ENDPOINT_START_FAILED', subject.terminationFuture);
      match(end.message, /it fails/);
      await failure('RECIPIENT_UNREACHABLE', gateway.ping());
      // Started is started: what onStart may have opened, onStop may close.
      ok((await lines()).includes('resource 1 closed'));
      ok((await lines()).some((line) => line.startsWith('onStop')));
    }
  },

  async '3 a failing constructor fails startServer, and leaves the id free'(scene) {
    const id = `constructed_${randomUUID()}`;
    const failing = scene.create(Performer, [{ diary: id, construct: 'fail' }], id);
    match((await failure('ENDPOINT_START_FAILED', failing)).message, /the constructor fails/);
    equal((await scene.serve(Performer, [{ diary: id }], id)).endpointId, id);
  },

  async '4 resources are closed first, the last one first, then onStop runs exactly once'(scene) {
    const { subject, lines, thread } = await perform(scene);
    await subject.start();
    const on = `on thread ${await thread()}`;
    await Promise.all([subject.close(), subject.close(), subject.close()]);
    await subject.close();
    deepEqual(await lines(), [
      `onStart ${on}`,
      'resource 2 closed',
      'resource 1 closed',
      `onStop ${on}`,
      'the executor is usable',
    ]);
  },

  async '4 calls taken before onStop settles are served, those after it fail'(scene) {
    const { subject, gateway, lines, go } = await perform(scene, { onStop: 'wait' });
    await subject.start();
    const open = failure('RECIPIENT_UNREACHABLE', gateway.never());
    const closing = subject.close();
    await until(async () => (await lines()).some((line) => line.startsWith('onStop')), 'onStop');
    equal(await gateway.ping(), 'pong');
    equal(await gateway.isRunningNow(), false);
    equal(await isOver(subject), false, 'the termination future ends after onStop, not before');
    await go();
    await closing;
    await subject.terminationFuture;
    equal((await open).effect, 'unknown', 'its handler did run');
    const late = await failure('RECIPIENT_UNREACHABLE', gateway.ping());
    equal(late.effect, 'none');
    gateway.note('a tell to the dead throws nothing and reaches nobody');
    await failure('CONNECTION_FAILED', scene.service.connect(subject.address, PerformerGateway));
    ok(!(await lines()).some((line) => line.startsWith('a tell')));
  },

  async '4 stopTimeoutMs bounds it, whatever hangs'(scene) {
    for (const script of [{ onStop: 'hang' }, { resource: 'hang' }] as const) {
      const { subject, gateway } = await perform(scene, script);
      await subject.start();
      const error = await failure('ENDPOINT_STOP_FAILED', subject.close());
      match(error.message, /within 300 ms \(stopTimeoutMs\)/);
      await failure('RECIPIENT_UNREACHABLE', gateway.ping());
    }
  },

  async '4 the termination future fails with what failed, to everybody who waits'(scene) {
    for (const [script, why] of [
      [{ onStop: 'fail' }, /onStop on thread \d+: it fails/],
      [{ resource: 'fail' }, /resource 2 closed: it fails/],
    ] as const) {
      // Nobody looks at the first one: that must not end the process.
      const unwatched = await perform(scene, script);
      await unwatched.subject.start();
      const { subject, lines } = await perform(scene, script);
      await subject.start();
      match((await failure('ENDPOINT_STOP_FAILED', subject.close())).message, why);
      match((await failure('ENDPOINT_STOP_FAILED', subject.terminationFuture)).message, why);
      await rejects(subject.close());
      const written = await lines();
      ok(written.includes('resource 1 closed'), 'one failure does not stop the rest');
      ok(written.some((line) => line.startsWith('onStop')));
    }
  },

  async '5 never started: terminates at once without onStop, its resources closed'(scene) {
    const { subject, gateway, lines } = await perform(scene, { onStop: 'hang' });
    await subject.close();
    deepEqual(await lines(), ['resource 2 closed', 'resource 1 closed']);
    await subject.terminationFuture;
    await failure('RECIPIENT_UNREACHABLE', gateway.ping());
  },

  async '6 the id is free after termination, at the same address, for another life'(scene) {
    const id = `reused_${randomUUID()}`;
    const first = await scene.serve(Performer, [{ diary: id }], id);
    const old = await scene.service.connect(first.address, PerformerGateway);
    await first.close();
    const second = await scene.serve(Performer, [{ diary: id }], id);
    equal(second.address, first.address);
    const gateway = await scene.service.connect(first.address, PerformerGateway);
    equal(await gateway.ping(), 'pong');
    const refused = await failure('RECIPIENT_UNREACHABLE', old.ping());
    equal(refused.effect, 'none', 'the old gateway does not reach the new life');
  },

  async '6 a second live endpoint of one id is refused with DUPLICATE_ENDPOINT'(scene) {
    const id = `only_${randomUUID()}`;
    const first = await scene.create(Performer, [{ diary: id }], id);
    const error = await failure('DUPLICATE_ENDPOINT', scene.create(Performer, [{ diary: id }], id));
    equal(error.effect, 'none');
    ok(error.message.includes(id));
    await first.start();
    equal(await (await scene.service.connect(first.address, PerformerGateway)).ping(), 'pong');
  },

  async '6 an endpoint can be created in the termination callback of another'(scene) {
    const id = `heir_${randomUUID()}`;
    const first = await scene.serve(Performer, [{ diary: id }], id);
    const next = first.terminationFuture.then(() => scene.serve(Performer, [{ diary: id }], id));
    await first.close();
    const heir = await next;
    notEqual(heir, first);
    equal(await (await scene.service.connect(heir.address, PerformerGateway)).ping(), 'pong');
  },
};
