import { deepEqual, equal, match, ok } from 'node:assert/strict';
import {
  addressOf,
  type AnyGateway,
  ask,
  callOptions,
  defineGateway,
  isRpcError,
  type RpcError,
  tell,
} from '../../index.js';
import { failure } from '../support/failure.js';
import { until } from '../support/until.js';
import { Probe, ProbeGateway, sharedNowMs, WAYS_TO_THROW } from './fixtures/probe.js';
import { type Seen, Witness, WitnessGateway } from './fixtures/witness.js';
import { PATHS } from './harness/paths.js';
import { only, type Rules } from './harness/scene.js';

const PATHS_WITH_AGE = PATHS.filter(({ to, over }) => to !== 'home' || over === 'service');

/** What a throwing call throws on the spot; fails when it throws nothing. */
function thrownBy(call: () => unknown): RpcError {
  try {
    call();
  } catch (error) {
    if (isRpcError(error)) return error;
    throw error;
  }
  throw new Error('it threw nothing');
}

/** A contract as it might come from a peer that does not play by the rules. */
function forged(...names: string[]): AnyGateway {
  const method = { kind: 'ask', timeoutMs: undefined, codec: 'value' } as const;
  return { name: 'Probe', hash: '', methods: names.map((name) => ({ name, ...method })) };
}

export const rules: Rules = {
  async '13 an ask returns a promise and never throws, a tell returns nothing'(scene) {
    const { subject, gateway } = await scene.open(ProbeGateway, Probe);
    equal(await gateway.add(1, 2), 3);
    equal(gateway.runTold(1), undefined);
    equal(gateway.failTold('error'), undefined, 'what goes wrong there is not told here');
    const tooMany = new Array<number>(256).fill(0);
    const aborted = callOptions({ signal: AbortSignal.abort() });
    const refused = scene.isSameThread
      ? [gateway.count(...tooMany), gateway.add(1, 2, aborted)]
      : [gateway.echo(() => 1), gateway.count(...tooMany), gateway.add(1, 2, aborted)];
    for (const call of refused) {
      const outcome = await call.catch((error: unknown) => error);
      ok(isRpcError(outcome) && outcome.effect === 'none', String(outcome));
    }
    await subject.close();
    await failure('RECIPIENT_UNREACHABLE', gateway.add(1, 2));
  },

  async '13 a tell throws at the call what can be known there'(scene) {
    const { gateway } = await scene.open(ProbeGateway, Probe);
    const tooMany = new Array<number>(255).fill(0);
    const error = thrownBy(() => gateway.runTold(1, ...tooMany));
    deepEqual([error.code, error.effect, error.limit], ['INVALID_ARGUMENT', 'none', 255]);
    if (!scene.isSameThread) {
      const refused = thrownBy(() => gateway.runTold(1, () => 1));
      deepEqual([refused.code, refused.effect], ['NOT_SERIALIZABLE', 'none']);
    }
    deepEqual(await gateway.ran(), [], 'what was refused did not run');
  },

  async '14 each ask completes exactly once, with a value or one RpcError'(scene) {
    const { gateway } = await scene.open(ProbeGateway, Probe);
    const controller = new AbortController();
    const { signal } = controller;
    const asks = Array.from({ length: 400 }, (_, i) => [
      gateway.run(i),
      gateway.fail('error'),
      gateway.hold(i),
      gateway.never(callOptions({ timeoutMs: 20 + (i % 7) })),
      gateway.never(callOptions({ signal })),
    ]);
    let settled = 0;
    const outcomes = Promise.all(
      asks.flat().map(async (call) => {
        const outcome = await call.catch((error: unknown) => error);
        settled++;
        return isRpcError(outcome) ? outcome.code : outcome;
      }),
    );
    await gateway.release('held');
    controller.abort();
    const found = await outcomes;
    equal(settled, 2_000);
    for (let i = 0; i < 400; i++) {
      const five = found.slice(5 * i, 5 * i + 5);
      deepEqual(five, [i, 'HANDLER_FAILED', `held ${i}`, 'TIMEOUT', 'CANCELLED']);
    }
  },

  async '14 a late answer is ignored and counted: it completes no other call'(scene) {
    const { gateway } = await scene.open(ProbeGateway, Probe);
    const before = scene.service.metrics().total.lateAnswers;
    let asked = 0;
    let begun = 0;
    await until(async () => {
      const late = Array.from({ length: 50 }, (_, i) =>
        failure('TIMEOUT', gateway.hold(i, callOptions({ timeoutMs: 10 }))),
      );
      asked += 50;
      await Promise.all(late);
      // On a busy machine some are too late to begin; who has begun will answer too late.
      begun += (await gateway.ran()).length;
      // These may use the places of those that are over, just when the old answers arrive.
      const next = Array.from({ length: 50 }, (_, i) => gateway.echo(`new ${i}`));
      const released = gateway.release('old');
      deepEqual(
        await Promise.all(next),
        Array.from({ length: 50 }, (_, i) => `new ${i}`),
      );
      await released;
      return begun >= 100;
    }, 'calls that begin in time and answer late');
    equal(await gateway.add(1, 2), 3);
    // The last answers of held calls may come behind this one: they wait for a microtask there.
    const counted = (): number => scene.service.metrics().total.lateAnswers - before;
    await until(() => counted() >= begun, 'every late answer counted');
    // A home thread between the two may have given up as well, and its word come too late too.
    const most = scene.isRemote && scene.path.from !== 'home' ? 2 * asked : asked;
    ok(counted() <= most, `${asked} were asked, ${counted()} counted`);
  },

  async '14 the deadline is that of the call, else of the method, else of the gateway'(scene) {
    const { subject, gateway } = await scene.open(ProbeGateway, Probe);
    const hasty = await scene.service.connect(subject.address, ProbeGateway, { timeoutMs: 20 });
    equal((await failure('TIMEOUT', hasty.never())).limit, 20);
    equal((await failure('TIMEOUT', hasty.neverFor30Ms())).limit, 30);
    const refused = scene.service.connect(subject.address, ProbeGateway, { timeoutMs: -1 });
    await failure('INVALID_ARGUMENT', refused);
    const [ofCall, ofMethod] = await Promise.all([
      failure('TIMEOUT', gateway.neverFor30Ms(callOptions({ timeoutMs: 10 }))),
      failure('TIMEOUT', gateway.neverFor30Ms()),
    ]);
    deepEqual([ofCall.limit, ofMethod.limit], [10, 30]);
    const held = gateway.hold(1, callOptions({ timeoutMs: 0 }));
    await failure('TIMEOUT', gateway.never(callOptions({ timeoutMs: 20 })));
    await gateway.release('0 means none:');
    equal(await held, '0 means none: 1');
  },

  async '14 an answer leaves when its handler is done, whatever else came with the call'(scene) {
    const { gateway } = await scene.open(ProbeGateway, Probe);
    // However quick the ones before were.
    await Promise.all(Array.from({ length: 300 }, () => gateway.begin(0)));
    const arrivedMs: number[] = [];
    const begunMs = await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        const begun = await gateway.begin(100);
        arrivedMs[i] = sharedNowMs();
        return begun;
      }),
    );
    ok(arrivedMs[2]! < begunMs[7]!, `${arrivedMs.join(' ')} after ${begunMs.join(' ')}`);
  },

  // A frame that waits in the socket of a blocked thread has no age yet: nobody there can know.
  '14 expired before its handler ran: it does not run': only(PATHS_WITH_AGE, async (scene) => {
    const { gateway } = await scene.open(ProbeGateway, Probe);
    const before = await scene.counted();
    // So long that a caller who has to share its core tells the time meanwhile.
    const blocked = gateway.spin(400, callOptions({ timeoutMs: 5_000 }));
    const late = [1, 2, 3].map((id) =>
      failure('TIMEOUT', gateway.run(id, callOptions({ timeoutMs: 20 * id }))),
    );
    const inTime = gateway.run(4, callOptions({ timeoutMs: 5_000 }));
    await Promise.all([blocked, ...late]);
    equal(await inTime, 4);
    deepEqual(await gateway.ran(), [4]);
    equal((await scene.counted()).expiredCalls - before.expiredCalls, 3);
  }),

  async '14 a time-out has effect unknown, unless the call surely did not run'(scene) {
    const { gateway } = await scene.open(ProbeGateway, Probe);
    await until(async () => {
      const { effect } = await failure('TIMEOUT', gateway.hold(7, callOptions({ timeoutMs: 10 })));
      const [ran] = await gateway.ran();
      ok(ran === undefined || effect === 'unknown', 'it did run');
      return ran === 7;
    }, 'a call that begins before its deadline');
  },

  async '15 a time-out names everything, and its stack has the line of the call'(scene) {
    const { subject, gateway } = await scene.open(ProbeGateway, Probe);
    const error = await failure('TIMEOUT', gateway.never(callOptions({ timeoutMs: 25 })));
    const { address, endpointId } = subject;
    for (const fact of ['Probe', 'never', endpointId, address, '25 ms', 'Usual causes']) {
      ok(error.message.includes(fact), `${fact} in: ${error.message}`);
    }
    deepEqual([error.method, error.address, error.limit], ['never', address, 25]);
    match(String(error.stack), /calls\.rules\.js/);
  },

  async '17 a failing handler fails its caller with all that it has thrown'(scene) {
    const { gateway } = await scene.open(ProbeGateway, Probe);
    for (const how of ['error', 'late error']) {
      const error = await failure('HANDLER_FAILED', gateway.fail(how));
      deepEqual([error.effect, error.method], ['unknown', 'fail']);
      match(error.message, /fail failed: TypeError: bad value/);
      const cause = error.cause as Error & { readonly code?: string };
      ok(cause instanceof Error);
      deepEqual([cause.name, cause.message, cause.code], ['TypeError', 'bad value', 'E_BAD']);
      match(String(cause.stack), /fixtures\/probe/, 'the stack of the other side');
      const why = cause.cause as Error;
      deepEqual([why.name, why.message], ['RangeError', 'why']);
      const last = why.cause as Error;
      equal(last.message, 'last');
      match(String(last.cause), /a word/);
    }
  },

  async '17 whatever is thrown arrives as something sensible, and the endpoint lives on'(scene) {
    const { gateway } = await scene.open(ProbeGateway, Probe);
    const expected: Readonly<Record<string, RegExp>> = {
      string: /a plain text/,
      number: /42/,
      null: /null/,
      undefined: /undefined/,
      frozen: /a frozen error/,
      stackless: /no stack/,
      selfCaused: /its own cause/,
      huge: /xxx/,
    };
    for (const how of WAYS_TO_THROW) {
      for (const way of [how, `late ${how}`]) {
        const error = await failure('HANDLER_FAILED', gateway.fail(way));
        match(error.message, expected[how] ?? /failed: ./, way);
      }
    }
    for (const what of ['throwingThen']) await failure('HANDLER_FAILED', gateway.odd(what));
    equal(await gateway.odd('hastyThenable'), 'first');
    equal(await gateway.add(1, 2), 3);
  },

  async '17 a failing tell is logged, counted and published'(scene) {
    const { gateway: witness } = await scene.open(WitnessGateway, Witness);
    const { subject, gateway } = await scene.open(ProbeGateway, Probe);
    const before = await scene.counted();
    for (const how of WAYS_TO_THROW) gateway.failTold(how);
    equal(await gateway.add(1, 2), 3);
    const seen: Seen[] = [];
    const logged: string[] = [];
    await until(async () => {
      seen.push(...(await witness.handlerFailures()));
      logged.push(...(await scene.logged()).filter((line) => line.includes(subject.endpointId)));
      return logged.length === WAYS_TO_THROW.length;
    }, 'the log lines');
    const { failedTells } = await scene.counted();
    equal(failedTells - before.failedTells, WAYS_TO_THROW.length);
    const own = seen.filter(({ endpoint }) => endpoint === subject.endpointId);
    equal(own.length, WAYS_TO_THROW.length);
    ok(own.every(({ method }) => method === 'failTold'));
  },

  async '20 only what the contract lists can be called, whatever the class has'(scene) {
    const { subject } = await scene.open(ProbeGateway, Probe);
    const inherited = ['__proto__', 'constructor', 'then', 'toString', 'hasOwnProperty'];
    for (const name of [...inherited, 'onStop', 'secret', 'runAsync', 'neverHeardOf', '']) {
      const connecting = scene.service.connect(subject.address, forged('add', name));
      const error = await failure('HANDSHAKE_REJECTED', connecting);
      ok(error.message.includes(`no method ${name}`), error.message);
    }
  },

  async '20 the number of arguments is the business of the handler'(scene) {
    const { gateway } = await scene.open(ProbeGateway, Probe);
    const loose = gateway as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    ok(Number.isNaN(await loose['add']!(1)));
    equal(await loose['add']!(1, 2, 3), 3);
    equal(await loose['count']!(), 0);
    equal(await gateway.count(undefined), 1);
    equal(await gateway.count(...new Array<number>(255).fill(0)), 255);
    const error = await failure('INVALID_ARGUMENT', gateway.count(...new Array(256).fill(0)));
    deepEqual([error.limit, error.actual], [255, 256]);
  },

  async '21 calls run at most once, and the engine never makes one twice'(scene) {
    const { gateway } = await scene.open(ProbeGateway, Probe);
    const asks = Array.from({ length: 200 }, async (_, i) => {
      if (i % 50 === 0) gateway.spinTold(10);
      await gateway.hold(i, callOptions({ timeoutMs: 5 })).catch(() => {});
    });
    await Promise.all(asks);
    const ran = await gateway.ran();
    equal(new Set(ran).size, ran.length, 'none of them twice');
  },

  async '24 a gateway is a plain value, bound to its endpoint'(scene) {
    const { subject, gateway } = await scene.open(ProbeGateway, Probe);
    // oxlint-disable-next-line await-thenable -- that it is none is the point
    equal(await gateway, gateway);
    equal(addressOf(gateway), subject.address);
    equal(await { ...gateway }.add(1, 2), 3);
    const older = defineGateway('Probe', { add: ask<[number, number], number>() });
    equal(await (await scene.service.connect(subject.address, older)).add(2, 2), 4);
    const other = defineGateway('Probe', { add: tell<[number, number]>() });
    await failure('HANDSHAKE_REJECTED', scene.service.connect(subject.address, other));
  },
};
