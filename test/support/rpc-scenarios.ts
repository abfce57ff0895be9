import { deepEqual, equal, fail, match, ok, rejects, throws } from 'node:assert/strict';
import { inspect, isDeepStrictEqual } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import { failure } from './failure.js';
import { addressOf, blocking, callOptions, hostnameOf, isRpcError, ready } from '../../index.js';
import { CALL_SCENARIOS } from './rpc-call-scenarios.js';
import { CODEC_SCENARIOS } from './rpc-codec-scenarios.js';
import { FENCING_SCENARIOS } from './rpc-fencing-scenarios.js';
import { SERIAL_SCENARIOS } from './rpc-serial-scenarios.js';
import { FencedGateway, ProbeGateway, type Scenario, UnservedGateway } from './rpc-contracts.js';
import { until } from './until.js';

export const FENCING_TOKEN = '0b7f1f6e-3a51-4f0a-9a9e-3d3a5b1f7c55';
export const OTHER_TOKEN = '5c0d2c0f-8a0a-4b52-9d9e-0f7f8f3b1a11';
const MEBIBYTE = 1024 * 1024;

/** Every value of SEMANTICS 18 that survives as itself; compared by `deepEqual` strictly. */
function valuesThatTravel(): unknown[] {
  const cycle: { self?: unknown; list: unknown[] } = { list: [1] };
  cycle.self = cycle;
  cycle.list.push(cycle);
  const error = Object.assign(new RangeError('too far'), { code: 'E_FAR' });
  error.cause = new Error('the reason');
  return [
    ...[null, undefined, true, false, 0, -0, 1, -1, 2 ** 31, -(2 ** 31) - 1, 1.5, Number.NaN],
    ...[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.MAX_SAFE_INTEGER, 5e-324],
    ...[0n, -1n, 2n ** 63n - 1n, 2n ** 63n, -(2n ** 200n), '', 'a', 'é', '日本', '🙂', '\0'],
    ...['\ud800', 'x'.repeat(70_000), [], {}, [1, [2, [3]]], { a: { b: [null, undefined] } }],
    ...[new Date(0), new Date(Number.NaN), new Map([[{ k: 1 }, new Set([1, 'a'])]]), new Set()],
    ...[new Uint8Array([1, 2, 3]), Buffer.from('bytes'), new Float64Array([1.5, -0]), /a+/giu],
    ...[new Uint8Array(0), new ArrayBuffer(8), new BigInt64Array([1n]), error, cycle],
    [1, , 3], // oxlint-disable-line no-sparse-arrays
  ];
}

/** Code points or words of every kind of value that cannot leave its thread, with its path. */
const REFUSED: readonly (readonly [value: () => unknown, path: RegExp])[] = [
  [() => () => 1, /arguments\[0\] is a function/],
  [() => Symbol('s'), /arguments\[0\] is a symbol/],
  [() => ({ a: [1, { deep: () => 1 }] }), /arguments\[0\]\.a\[1\]\.deep is a function/],
  [() => new Map([['key', Symbol('s')]]), /arguments\[0\].*key.* is a symbol/],
  [() => Promise.resolve(1), /arguments\[0\] /],
  [() => ({ m: new WeakMap() }), /arguments\[0\]\.m /],
  [() => new WeakSet(), /arguments\[0\] /],
  [() => detached(), /arguments\[0\] is a detached buffer/],
  [() => ({ v: detached() }), /arguments\[0\]\.v is a detached buffer/],
];

function detached(): Uint8Array {
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

const THROWN: readonly (readonly [kind: string, message: RegExp])[] = [
  ['error', /TypeError: bad value/],
  ['late-error', /TypeError: bad value/],
  ['string', /a plain text/],
  ['null', /null/],
  ['undefined', /undefined/],
  ['frozen', /frozen/],
  ['getters', /fail/],
  ['revoked', /cannot be printed/],
  ['late-revoked', /cannot be printed/],
  ['uninspectable', /fail failed/],
  ['late-uninspectable', /fail failed/],
  ['proxy', /cannot be printed/],
  ['late-proxy', /cannot be printed/],
  ['aggregate', /AggregateError: all failed/],
  ['late-aggregate', /AggregateError: all failed/],
  ['circular', /first/],
  ['huge', /xxx/],
];

export const SCENARIOS: Record<string, Scenario> = {
  ...FENCING_SCENARIOS,
  ...CALL_SCENARIOS,
  ...SERIAL_SCENARIOS,
  ...CODEC_SCENARIOS,

  async asks(service, { probe }) {
    const gateway = await service.connect(probe, ProbeGateway);
    equal(await gateway.add(1, 2), 3);
    equal(await gateway.add(1.5, -2), -0.5);
    equal(await gateway.count(), 0);
    equal(await gateway.count(1), 1);
    equal(await gateway.count(...new Array<number>(255).fill(0)), 255);
    const many = await Promise.all(Array.from({ length: 5_000 }, (_, i) => gateway.add(i, i)));
    ok(many.every((value, i) => value === 2 * i));
    await ready(gateway);
    equal(addressOf(gateway), probe);
    ok(hostnameOf(gateway).length > 0);
  },

  async order(service, { probe }) {
    const gateway = await service.connect(probe, ProbeGateway);
    await gateway.notes();
    const answers: Promise<number>[] = [];
    for (let i = 0; i < 10_000; i++) {
      // A text now and then takes another way into the lane than a number.
      if (i % 7 === 3) answers.push(gateway.noteLater(i));
      else if (i % 11 === 5) gateway.noteText(String(i));
      else gateway.note(i);
    }
    const notes = await gateway.notes();
    equal(notes.length, 10_000);
    ok(
      notes.every((value, i) => value === i),
      'in the order of sending',
    );
    deepEqual(
      await Promise.all(answers),
      notes.filter((i) => i % 7 === 3),
    );
  },

  async values(service, { probe, isSameThread }) {
    const gateway = await service.connect(probe, ProbeGateway);
    for (const value of valuesThatTravel()) {
      const back = await gateway.echo(value);
      if (typeof value === 'object' && value !== null && isSameThread) ok(back === value);
      else if (value instanceof Error) sameError(back, value);
      else if (!isSame(back, value)) {
        fail(`${inspect(value)} came back as ${inspect(back)}`.slice(0, 1000));
      }
    }
    const mutated = { list: [1] };
    const answer = gateway.echo(mutated);
    mutated.list.push(2);
    deepEqual(await answer, { list: isSameThread ? [1, 2] : [1] }, 'taken as it is at the call');
  },

  async refusedValues(service, { probe, isSameThread }) {
    if (isSameThread) return;
    const gateway = await service.connect(probe, ProbeGateway);
    for (const [value, path] of REFUSED) {
      const error = await failure('NOT_SERIALIZABLE', gateway.echo(value()));
      match(error.message, path);
      match(error.message, /Probe\.echo at ringlane/);
      equal(error.effect, 'none');
    }
    const result = await failure('NOT_SERIALIZABLE', gateway.giveOdd('function'));
    match(result.message, /result\.inner\[0\] is a function/);
    equal(result.effect, 'unknown', 'the method did run');
    equal(await gateway.add(1, 1), 2);
  },

  async bigValues(service, { probe }) {
    const gateway = await service.connect(probe, ProbeGateway);
    const bytes = new Uint8Array(MEBIBYTE).fill(9);
    const sent = [gateway.length(bytes), gateway.add(1, 2), gateway.length('é'.repeat(MEBIBYTE))];
    bytes.fill(0);
    deepEqual(await Promise.all(sent), [MEBIBYTE, 3, MEBIBYTE]);
    const back = await gateway.echo(new Uint8Array(MEBIBYTE).fill(5));
    ok(back instanceof Uint8Array && back.length === MEBIBYTE && back.every((byte) => byte === 5));
    equal((await gateway.give(MEBIBYTE)).length, MEBIBYTE);
    for (const size of [65_500, 65_520, 65_528, 65_536, 65_540]) {
      equal((await gateway.give(size)).length, size, 'around the size that travels beside');
      equal(await gateway.length(new Uint8Array(size)), size);
    }
    await gateway.notes();
    for (let i = 0; i < 20; i++) {
      if (i % 2 === 0) gateway.note(i);
      else gateway.noteText(String(i).padStart(100_000, '0'));
    }
    deepEqual(
      await gateway.notes(),
      Array.from({ length: 20 }, (_, i) => i),
    );
  },

  async failures(service, { probe }) {
    const gateway = await service.connect(probe, ProbeGateway);
    for (const [kind, message] of THROWN) {
      const error = await failure('HANDLER_FAILED', gateway.fail(kind));
      match(error.message, message, kind);
      equal(error.effect, 'unknown');
      equal(error.method, 'fail');
    }
    const { cause } = await failure('HANDLER_FAILED', gateway.fail('error'));
    ok(cause instanceof Error && cause.cause instanceof Error);
    equal((cause as Error & { code?: string }).code, 'E_BAD');
    match(`${cause.stack}`, /rpc-fixtures/);
    equal(cause.cause.message, 'why');
    equal((await failure('HANDLER_FAILED', gateway.giveOdd('badThen'))).effect, 'unknown');
    const tooMany = gateway.count(...new Array<number>(256).fill(0));
    equal((await failure('INVALID_ARGUMENT', tooMany)).limit, 255);
  },

  async deadlines(service, { probe }) {
    const gateway = await service.connect(probe, ProbeGateway);
    // On a busy machine a call may be too late to begin, and say so; then it is tried again.
    await until(async () => {
      const error = await failure('TIMEOUT', gateway.never(callOptions({ timeoutMs: 30 })));
      for (const fact of ['Probe', 'never', addressOf(gateway), '30 ms']) {
        ok(error.message.includes(fact), `${fact} in: ${error.message}`);
      }
      equal(error.limit, 30);
      return error.effect === 'unknown';
    }, 'a call that begins, and may have run');
    const longest = callOptions({ timeoutMs: 2_147_483_647 });
    equal(await gateway.add(1, 2, longest), 3, 'the longest deadline is not over at once');
    equal(await gateway.add(1, 2, callOptions({ timeoutMs: 0 })), 3, '0 is none');
    const tiny = await Promise.allSettled(
      Array.from({ length: 20 }, () => gateway.add(1, 2, callOptions({ timeoutMs: 0.4 }))),
    );
    for (const one of tiny) {
      if (one.status === 'rejected') ok(isRpcError(one.reason) && one.reason.code === 'TIMEOUT');
    }
    equal(await gateway.add(1, 2), 3);
  },

  async lateCallsDoNotRun(service, { probe, isRemote }) {
    // What waits in the socket is not read by a thread that is blocked: its time starts later.
    if (isRemote && probe.endsWith('home')) return;
    const gateway = await service.connect(probe, ProbeGateway);
    await gateway.notes();
    // The thread is blocked for longer than the deadline of the note behind.
    const blocked = gateway.spin(400, callOptions({ timeoutMs: 10_000 }));
    const late = failure('TIMEOUT', gateway.noteLater(1, callOptions({ timeoutMs: 40 })));
    await blocked;
    match((await late).message, /Probe\.noteLater at .* no answer within 40 ms.*Usual causes/);
    deepEqual(await gateway.notes(), []);
  },

  async blockingCalls(service, { probe, isSameThread }) {
    const gateway = await service.connect(probe, ProbeGateway);
    if (isSameThread || isMainThread) {
      const cause = isSameThread ? /this very thread/ : /blockingOnHome/;
      throws(() => blocking(gateway), cause);
      return;
    }
    const probing = blocking(gateway);
    for (let i = 0; i < 200; i++) equal(probing.add(i, 1), i + 1);
    deepEqual(probing.echo(['a', { b: 2 }]), ['a', { b: 2 }]);
    equal(probing.give(MEBIBYTE).length, MEBIBYTE);
    const own = gateway.noteLater(1);
    probing.note(2);
    deepEqual(probing.notes(), [1, 2], 'in the order of sending, whoever waits for the answer');
    equal(await own, 1);
    throws(
      () => probing.fail('error'),
      (error) => isRpcError(error) && error.code === 'HANDLER_FAILED',
    );
    throws(
      () => probing.never(callOptions({ timeoutMs: 30 })),
      (error) => isRpcError(error) && error.code === 'TIMEOUT' && error.limit === 30,
    );
    equal(probing.add(1, 2), 3, "the late answer is nobody else's");
    equal(addressOf(probing), addressOf(gateway));
  },

  async cancelling(service, { probe, isSameThread }) {
    const gateway = await service.connect(probe, ProbeGateway);
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = failure('CANCELLED', gateway.never(callOptions({ signal })));
    controller.abort(new Error('enough'));
    const error = await waiting;
    equal((error.cause as Error).message, 'enough');
    equal(error.effect, isSameThread ? 'none' : 'unknown', 'a caller knows its own queue');
    const before = await failure('CANCELLED', gateway.never(callOptions({ signal })));
    equal(before.effect, 'none');
    const done = new AbortController();
    equal(await gateway.add(1, 2, callOptions({ signal: done.signal })), 3);
    done.abort();
  },

  async connecting(service, { probe, fenced }) {
    const nobody = probe.replace(/[^/]+$/, 'nobody');
    const missing = await failure('CONNECTION_FAILED', service.connect(nobody, ProbeGateway));
    ok(missing.message.includes(nobody));
    equal(missing.effect, 'none');
    const rejected = await failure('HANDSHAKE_REJECTED', service.connect(probe, UnservedGateway));
    match(rejected.message, /Probe/);
    match(rejected.message, /Unserved/);
    await failure('HANDSHAKE_REJECTED', service.connect(fenced, ProbeGateway));
    await failure('INVALID_ARGUMENT', service.connect('http://x/y', ProbeGateway));
    const wild = await service.connect(probe.replace(/[^/_]+$/, '*'), ProbeGateway);
    match(addressOf(wild), /\/probe_(home|0|1)$/, 'a wildcard gateway knows whom it found');
    equal(await wild.add(1, 1), 2);
  },

  async fencing(service, { fenced }) {
    const connect = (fencingToken?: string | bigint) =>
      service.connect(fenced, FencedGateway, fencingToken === undefined ? {} : { fencingToken });
    const right = await connect(FENCING_TOKEN);
    const runs = await right.run();
    const wrong = await failure('FENCING_TOKEN_MISMATCH', (await connect(OTHER_TOKEN)).run());
    ok(wrong.message.includes(FENCING_TOKEN) && wrong.message.includes(OTHER_TOKEN));
    equal(wrong.effect, 'none');
    await failure('FENCING_TOKEN_MISMATCH', (await connect(7n)).run());
    const none = await failure('FENCING_TOKEN_MISSING', (await connect()).run());
    equal(none.effect, 'none');
    (await connect(OTHER_TOKEN)).poke();
    (await connect()).poke();
    equal(await right.run(), runs + 1, 'none of the refused calls ran');
    await failure('INVALID_ARGUMENT', connect('no uuid'));
    await rejects(connect(0n));
  },
};

/** Two invalid dates are not equal for Node. */
function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime());
  return isDeepStrictEqual(a, b);
}

function sameError(back: unknown, value: Error & { code?: string }): void {
  ok(back instanceof Error);
  const { name, message, code } = back as Error & { code?: string };
  deepEqual([name, message, code], [value.name, value.message, value.code]);
  equal(back.stack, value.stack);
  equal((back.cause as Error).message, (value.cause as Error).message);
}
