import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { failure } from '../support/failure.js';
import { until } from '../support/until.js';
import { Serial, SerialGateway } from './fixtures/patient.js';
import { Meddler, MeddlerGateway, Turns, TurnsGateway } from './fixtures/turns.js';
import { type Seen, Witness, WitnessGateway } from './fixtures/witness.js';
import type { Rules } from './harness/scene.js';

const HOUR_MS = 3_600_000;

export const rules: Rules = {
  async '8 calls, runAsync, callAsync, timers: one thread, one at a time until it returns'(scene) {
    const { gateway } = await scene.open(TurnsGateway, Turns);
    const others = Array.from({ length: 20 }, () => gateway.noteAndAnswer(-1));
    const turns = await gateway.everyKind();
    await Promise.all(others);
    const kinds = new Set(turns.map(({ kind }) => kind));
    deepEqual([...kinds].sort(), [
      'ask',
      'callAsync',
      'execute',
      'runAsync',
      'schedule',
      'scheduleRunAsync',
      'tell',
    ]);
    equal(new Set(turns.map(({ thread }) => thread)).size, 1, 'one thread');
    deepEqual(
      turns.filter(({ inside }) => inside !== 0),
      [],
      'nothing runs inside something else, its own calls neither',
    );
  },

  async '8 a handler that awaits lets the next message in'(scene) {
    const { gateway } = await scene.open(TurnsGateway, Turns);
    const held = gateway.hold();
    await gateway.release('let in');
    equal(await held, 'let in');
  },

  async '8 static serial: the next message waits for the promise of the one before'(scene) {
    const { gateway } = await scene.open(SerialGateway, Serial);
    const asks: Promise<unknown>[] = [];
    for (let id = 0; id < 30; id++) {
      if (id % 3 === 0) asks.push(gateway.work(id));
      else if (id % 3 === 1) gateway.workTold(id);
      else asks.push(failure('HANDLER_FAILED', gateway.fail(id)));
    }
    await gateway.workByMyself(100);
    await Promise.all(asks);
    const lines: string[] = [];
    await until(async () => {
      lines.push(...(await gateway.lines()));
      return lines.includes('end 101') && lines.includes('timer 100');
    }, 'what it has sent itself');
    const works = lines.filter((line) => !line.startsWith('timer'));
    const expected = [...Array.from({ length: 30 }, (_, id) => id), 100, 101];
    deepEqual(
      works,
      expected.flatMap((id) => [`begin ${id}`, `end ${id}`]),
    );
    const timer = lines.indexOf('timer 100');
    ok(!lines[timer - 1]!.startsWith('begin'), 'a timer waits like any other message');
  },

  async '8 a serial endpoint that waits holds up nobody else on its thread'(scene) {
    const { gateway } = await scene.open(SerialGateway, Serial);
    const { gateway: other } = await scene.open(TurnsGateway, Turns);
    const works = Array.from({ length: 20 }, (_, id) => gateway.work(id));
    equal(await other.noteAndAnswer(1), 1);
    await Promise.all(works);
  },

  async '9 asks and tells of one sender start in the order of sending'(scene) {
    const { gateway } = await scene.open(TurnsGateway, Turns);
    const count = 10_000;
    const answers: Promise<number>[] = [];
    const asked: number[] = [];
    for (let i = 0; i < count; i++) {
      // Each shape takes a way of its own: numbers, texts, objects, and what travels beside.
      if (i % 2_500 === 1_249) gateway.noteText(String(i).padStart(70_000, '0'));
      else if (i % 7 === 0) gateway.noteText(String(i));
      else if (i % 7 === 1) gateway.noteBoth(i, { some: ['object'] });
      else if (i % 7 === 2) asked.push(answers.push(gateway.noteAndAnswer(i)) && i);
      else if (i % 7 === 3) asked.push(answers.push(gateway.noteAndAnswer(i, {})) && i);
      else gateway.note(i);
    }
    const notes = await gateway.notes();
    equal(notes.length, count);
    const disorder = notes.findIndex((line, index) => line !== index);
    equal(disorder, -1, `the first one out of order is ${notes[disorder]} at ${disorder}`);
    deepEqual(await Promise.all(answers), asked);
  },

  async '9 what an endpoint sends itself, runAsync alike, starts in the order of sending'(scene) {
    const { gateway } = await scene.open(TurnsGateway, Turns);
    await gateway.noteByMyself(10_000);
    const notes = await gateway.notes();
    equal(notes.length, 10_000);
    ok(notes.every((line, index) => line === index));
  },

  async '10 scheduleRunAsync never runs early, whatever the wall clock does'(scene) {
    const { gateway } = await scene.open(TurnsGateway, Turns);
    for (const jumpMs of [0, HOUR_MS, -HOUR_MS]) {
      const lateness = await gateway.lateness([0, 1, 5, 20, 20, 40], jumpMs);
      ok(
        lateness.every((lateMs) => lateMs >= 0),
        `${lateness.join()} ms late with a jump of ${jumpMs} ms`,
      );
      ok(
        lateness.every((lateMs) => lateMs < 10_000),
        'a clock set back does not hold it up',
      );
    }
  },

  async '10 a due timer goes through the mailbox: it waits for its turn'(scene) {
    const { gateway } = await scene.open(TurnsGateway, Turns);
    deepEqual(await gateway.dueWhileBusy(), ['handler returns', 'task', 'timer']);
  },

  async '10 a cancelled timer does not run, even when it was due already'(scene) {
    const { gateway } = await scene.open(TurnsGateway, Turns);
    equal(await gateway.cancelled(), 0);
  },

  async '10 what is scheduled is dropped at stop, and nothing runs after close'(scene) {
    const name = randomUUID();
    const { subject, gateway } = await scene.open(TurnsGateway, Turns);
    const { gateway: neighbour } = await scene.open(TurnsGateway, Turns);
    await gateway.leaveTimers(name, 5);
    await subject.close();
    const ran = await neighbour.straysOf(name, 40);
    // On a busy machine the stop may come after the timer: that one was in time.
    deepEqual(
      ran.filter((line) => !line.endsWith('while it runs')),
      [],
    );
    // The same timers do run in an endpoint that lives on.
    const { gateway: alive } = await scene.open(TurnsGateway, Turns);
    const living = randomUUID();
    await alive.leaveTimers(living, 5);
    const line = `${living} scheduled before the stop, while it runs`;
    await until(async () => (await neighbour.straysOf(living, 5)).includes(line), 'its timer');
  },

  async '11 an endpoint object used in the turn of another one fails with WRONG_THREAD'(scene) {
    const { subject, gateway } = await scene.open(TurnsGateway, Turns);
    const { gateway: meddler } = await scene.open(MeddlerGateway, Meddler);
    await gateway.introduce();
    const { cause, message } = await failure('HANDLER_FAILED', meddler.meddle());
    equal((cause as { code?: string }).code, 'WRONG_THREAD');
    ok(message.includes(subject.endpointId), message);
    equal(await gateway.validate(), 'in its turn');
  },

  async '12 an exception in runAsync is logged and counted, and changes nothing'(scene) {
    const { gateway: witness } = await scene.open(WitnessGateway, Witness);
    const { subject, gateway } = await scene.open(TurnsGateway, Turns);
    const before = await scene.counted();
    const seen: Seen[] = [];
    const logged: string[] = [];
    for (const how of ['at once', 'late'] as const) {
      await gateway.failInRun(how);
      await until(async () => {
        seen.push(...(await witness.handlerFailures()));
        logged.push(...(await scene.logged()));
        const count = seen.filter(({ endpoint }) => endpoint === subject.endpointId).length;
        const isLogged = logged.some((line) => line.includes(`runAsync fails ${how}`));
        return isLogged && count === (how === 'at once' ? 1 : 2);
      }, `runAsync fails ${how}`);
    }
    equal((await scene.counted()).failedTells - before.failedTells, 2);
    equal(await gateway.noteAndAnswer(1), 1);
  },

  async '12 an exception in callAsync reaches the promise of its caller'(scene) {
    const { gateway } = await scene.open(TurnsGateway, Turns);
    equal(await gateway.callInTurn('value', 1_000), 'value');
    equal(await gateway.callInTurn('late', 1_000), 'late');
    for (const what of ['fail', 'fail late']) {
      const error = await failure('HANDLER_FAILED', gateway.callInTurn(what, 1_000));
      match(error.message, new RegExp(what.replace('fail', 'callAsync fails')));
    }
    const { cause } = await failure('HANDLER_FAILED', gateway.callInTurn('never', 20));
    equal((cause as { code?: string }).code, 'TIMEOUT');
    match((cause as Error).message, /20 ms/);
  },
};
