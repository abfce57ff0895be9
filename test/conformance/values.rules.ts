import { deepEqual, equal, fail, match, notEqual, ok } from 'node:assert/strict';
import { inspect, isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { ask, defineGateway, move, RpcEndpoint, type Serves, tell, v8 } from '../../index.js';
import { failure } from '../support/failure.js';
import { LOCAL_PATHS, PATHS, REMOTE_PATHS } from './harness/paths.js';
import { only, type Rules } from './harness/scene.js';

export const MirrorGateway = defineGateway('Mirror', {
  echo: ask<[value: unknown], unknown>(),
  echoAll: ask<readonly unknown[], unknown[]>(),
  keep: tell<[value: unknown]>(),
  kept: ask<[], unknown>(),
  /** Changes what it was given, in place. */
  change: ask<[value: { words: string[] }], { words: string[] }>(),
  addTo: ask<[shared: Int32Array, by: number], number>(),
  refuse: ask<[what: string], unknown>(),
});

/** The same by V8's own serialisation, for the threads of one process. */
const ExactGateway = defineGateway('ExactMirror', {
  echoExactly: ask<[value: unknown], unknown>({ codec: v8() }),
});

export class Mirror
  extends RpcEndpoint
  implements Serves<typeof MirrorGateway>, Serves<typeof ExactGateway>
{
  static override readonly gateways = [MirrorGateway, ExactGateway];
  static override readonly module: string = import.meta.url;
  #kept: unknown;

  echo(value: unknown): unknown {
    return value;
  }

  echoExactly(value: unknown): unknown {
    return value;
  }

  echoAll(...values: unknown[]): unknown[] {
    return values;
  }

  keep(value: unknown): void {
    this.#kept = value;
  }

  kept(): unknown {
    return this.#kept;
  }

  change(value: { words: string[] }): { words: string[] } {
    value.words.push('changed');
    return value;
  }

  addTo(shared: Int32Array, by: number): number {
    return Atomics.add(shared, 0, by) + by;
  }

  refuse(what: string): unknown {
    return { inner: [what === 'function' ? () => 1 : Symbol(what)] };
  }
}

/** Caller and handler do not share the values of a call. */
const COPYING_PATHS = PATHS.filter(({ from, to, over }) => over !== 'service' || from !== to);
export const SHARING_PATHS = PATHS.filter((path) => !COPYING_PATHS.includes(path));

function errorWithEverything(): Error {
  const error = new RangeError('too far', { cause: new TypeError('why') });
  return Object.assign(error, { code: 'E_FAR' });
}

function cycle(): object {
  const one: { self?: object; list: unknown[] } = { list: [1] };
  one.self = one;
  one.list.push(one, new Map([['one', one]]));
  return one;
}

/** Everything that the rule names, and the edges of each. */
function named(): unknown[] {
  return [
    ...[null, undefined, true, false, Number.NaN, Infinity, -Infinity, 0, 1, -1, 0.1, 5e-324],
    ...[2 ** 31 - 1, 2 ** 31, -(2 ** 31) - 1, Number.MAX_SAFE_INTEGER, Number.MAX_VALUE],
    ...[0n, -1n, 2n ** 63n - 1n, 2n ** 64n, -(2n ** 200n)],
    ...['', 'a', 'é', '日本', '🙂', '\0', 'x'.repeat(70_000), 'é'.repeat(70_000)],
    ...[new Date(0), new Date(8.64e15), /a+/giu, [], {}, [1, [2, [3]]], [1, , 3]],
    ...[new Map<unknown, unknown>([[{ k: 1 }, new Set([1, 'a'])]]), new Set(), new Map()],
    ...[
      new Uint8Array([1, 2]),
      Buffer.from('bytes'),
      new Float64Array([1.5, -0]),
      new DataView(new ArrayBuffer(3)),
    ],
    ...[new BigInt64Array([1n]), new ArrayBuffer(8), new Uint8Array(100_000).fill(9)],
    { undefined, null: null, deep: { er: [undefined, null, { x: new Date(5) }] } },
  ];
}

/** Each kind of value that cannot leave its thread, with its path. */
const REFUSED: readonly (readonly [value: () => unknown, path: RegExp])[] = [
  [() => () => 1, /arguments\[0\] is a function/],
  [() => class {}, /arguments\[0\] is a function/],
  [() => Symbol('s'), /arguments\[0\] is a symbol/],
  [() => new WeakMap(), /arguments\[0\] /],
  [() => new WeakSet(), /arguments\[0\] /],
  [() => Promise.resolve(1), /arguments\[0\] /],
  [() => detached(), /arguments\[0\] is a detached buffer/],
  [() => ({ a: [1, { deep: () => 1 }] }), /arguments\[0\]\.a\[1\]\.deep is a function/],
  [() => ({ 'odd key': Symbol('s') }), /arguments\[0\].*odd key.* is a symbol/],
  [() => new Map([['key', Symbol('s')]]), /arguments\[0\].*key.* is a symbol/],
  [() => new Set([[() => 1]]), /arguments\[0\].* is a function/],
  [() => ({ list: [{ m: new WeakMap() }] }), /arguments\[0\]\.list\[0\]\.m /],
  [() => ({ v: detached() }), /arguments\[0\]\.v is a detached buffer/],
  // A path has a bounded length: of a long one, both ends are told.
  [() => nested(12, () => 1), /arguments\[0\](\.in){12} is a function/],
  [() => nested(500, () => 1), /arguments\[0\](\.in)+ \.\.\. (\.in)+ is a function/],
];

function nested(depth: number, innermost: unknown): unknown {
  let value = innermost;
  for (let i = 0; i < depth; i++) value = { in: value };
  return value;
}

function detached(): Uint8Array {
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

function sameError(back: unknown, sent: Error & { readonly code?: string }): void {
  ok(back instanceof Error);
  const { name, message, code, stack } = back as Error & { readonly code?: string };
  deepEqual([name, message, code, stack], [sent.name, sent.message, sent.code, sent.stack]);
  const cause = back.cause as Error;
  deepEqual([cause.name, cause.message], ['TypeError', 'why']);
}

const DEEPLY = { depth: Infinity, maxArrayLength: Infinity };

/** Node 20 holds two dates that are none to be different. */
const anything = fc
  .anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
    withUnicodeString: true,
  })
  .filter((value) => !inspect(value, DEEPLY).includes('Invalid Date'));

const anyText = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 })
  .map((units) => String.fromCharCode(...units));

export const rules: Rules = {
  async '18 every value that the rule names survives the trip'(scene) {
    const { gateway } = await scene.open(MirrorGateway, Mirror);
    const values = named();
    const back = await Promise.all(values.map((value) => gateway.echo(value)));
    back.forEach((value, index) => {
      if (isDeepStrictEqual(value, values[index])) return;
      fail(`${inspect(values[index])} came back as ${inspect(value)}`.slice(0, 1000));
    });
    deepEqual(await gateway.echoAll(...values.slice(0, 20)), values.slice(0, 20));
    const error = errorWithEverything();
    sameError(await gateway.echo(error), error);
    sameError(
      ((await gateway.echo({ inside: [error] })) as { inside: unknown[] }).inside[0],
      error,
    );
    deepEqual(await gateway.echo(cycle()), cycle());
  },

  async '18 -0 and any string survive as a whole argument'(scene) {
    const { gateway } = await scene.open(MirrorGateway, Mirror);
    ok(Object.is(await gateway.echo(-0), -0));
    ok(Object.is(await gateway.echo(0), 0));
    for (const text of ['\ud800', 'a\udfffb', '\udc00\ud800'])
      equal(await gateway.echo(text), text);
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => (await gateway.echo(text)) === text),
      { numRuns: 50 },
    );
  },

  '18 the v8 codec keeps -0 and lone surrogates wherever they are': only(
    LOCAL_PATHS.filter(({ over }) => over === 'service'),
    async (scene) => {
      const { gateway } = await scene.open(ExactGateway, Mirror);
      const value = new Map<unknown, unknown>([['\ud800', [-0, { deep: '\udfff', zero: -0 }]]]);
      deepEqual(await gateway.echoExactly(value), value);
    },
  ),

  '18 the v8 codec is refused to other processes, at the handshake': only(
    REMOTE_PATHS.filter(({ over }) => over === 'tcp'),
    async (scene) => {
      const { subject } = await scene.open(MirrorGateway, Mirror);
      const connecting = scene.service.connect(subject.address, ExactGateway);
      match((await failure('HANDSHAKE_REJECTED', connecting)).message, /threads of one process/);
    },
  ),

  '18 whatever structuredClone carries arrives as structuredClone would have it': only(
    COPYING_PATHS,
    async (scene) => {
      const { gateway } = await scene.open(MirrorGateway, Mirror);
      const values = fc.array(anything, { minLength: 1, maxLength: 8 });
      await fc.assert(
        fc.asyncProperty(values, async (list) => {
          deepEqual(await gateway.echoAll(...list), structuredClone(list));
          deepEqual(await gateway.echo(list), structuredClone(list));
        }),
        { numRuns: 30 },
      );
    },
  ),

  '18 what cannot travel fails at the call with NOT_SERIALIZABLE naming the path': only(
    COPYING_PATHS,
    async (scene) => {
      const { gateway } = await scene.open(MirrorGateway, Mirror);
      for (const [value, path] of REFUSED) {
        const error = await failure('NOT_SERIALIZABLE', gateway.echo(value()));
        match(error.message, path);
        ok(error.message.includes('Mirror.echo'), error.message);
        equal(error.effect, 'none');
        let thrown: unknown;
        try {
          gateway.keep(value());
        } catch (refusal) {
          thrown = refusal;
        }
        match(String(thrown), path);
      }
      for (const what of ['function', 'symbol']) {
        const error = await failure('NOT_SERIALIZABLE', gateway.refuse(what));
        match(error.message, new RegExp(`result\\.inner\\[0\\] is a ${what}`));
        equal(error.effect, 'unknown', 'a result that cannot travel: the method did run');
      }
      equal(await gateway.kept(), undefined, 'none of them arrived');
    },
  ),

  '18 arguments are taken as they are at the call': only(COPYING_PATHS, async (scene) => {
    const { gateway } = await scene.open(MirrorGateway, Mirror);
    const words = ['before'];
    const bytes = new Uint8Array(100_000).fill(1);
    const answers = [gateway.echo({ words }), gateway.echo(bytes)];
    gateway.keep(words);
    words.push('after');
    bytes.fill(2);
    const [first, second] = await Promise.all(answers);
    deepEqual(first, { words: ['before'] });
    ok((second as Uint8Array).every((byte) => byte === 1));
    deepEqual(await gateway.kept(), ['before']);
  }),

  '19 handlers get copies': only(COPYING_PATHS, async (scene) => {
    const { gateway } = await scene.open(MirrorGateway, Mirror);
    const sent = { words: ['mine'] };
    const back = await gateway.change(sent);
    deepEqual(back, { words: ['mine', 'changed'] });
    deepEqual(sent, { words: ['mine'] });
    const kept = { words: ['kept'] };
    gateway.keep(kept);
    notEqual(await gateway.kept(), kept);
  }),

  '19 on the same thread they get references, functions too, as in Flink': only(
    SHARING_PATHS,
    async (scene) => {
      const { gateway } = await scene.open(MirrorGateway, Mirror);
      const sent = { words: ['mine'] };
      equal(await gateway.change(sent), sent);
      deepEqual(sent.words, ['mine', 'changed']);
      const task = (): number => 1;
      equal(await gateway.echo(task), task);
    },
  ),

  '19 a view over a SharedArrayBuffer is shared within the process': only(
    LOCAL_PATHS,
    async (scene) => {
      const { gateway } = await scene.open(MirrorGateway, Mirror);
      const shared = new Int32Array(new SharedArrayBuffer(64), 16, 4);
      equal(await gateway.addTo(shared, 5), 5);
      equal(Atomics.load(shared, 0), 5, 'what the handler has written is here');
      Atomics.store(shared, 0, 100);
      equal(await gateway.addTo(shared, 1), 101, 'and the other way round');
      equal(new Int32Array(shared.buffer)[4], 101, 'at its offset in the buffer');
      const back = (await gateway.echo({ shared })) as { shared: Int32Array };
      Atomics.store(back.shared, 1, 7);
      equal(shared[1], 7, 'inside objects and in results too');
    },
  ),

  '19 a view over a SharedArrayBuffer is copied to another process': only(
    REMOTE_PATHS,
    async (scene) => {
      const { gateway } = await scene.open(MirrorGateway, Mirror);
      const shared = new Int32Array(new SharedArrayBuffer(64), 16, 4).fill(3);
      equal(await gateway.addTo(shared, 5), 8);
      equal(shared[0], 3);
      deepEqual(Array.from((await gateway.echo(shared)) as Int32Array), [3, 3, 3, 3]);
    },
  ),

  '19 a view over a SharedArrayBuffer is shared inside of the process': only(
    LOCAL_PATHS,
    async (scene) => {
      const { gateway } = await scene.open(MirrorGateway, Mirror);
      const shared = new Int32Array(new SharedArrayBuffer(64), 16, 4).fill(3);
      equal(await gateway.addTo(shared, 5), 8);
      equal(shared[0], 8);
      const echoed = (await gateway.echo({ deep: [{ shared }, new Map([[1, shared]])] })) as {
        deep: [{ shared: Int32Array }, Map<number, Int32Array>];
      };
      for (const back of [echoed.deep[0].shared, echoed.deep[1].get(1)!]) {
        equal(back.length, 4);
        const before = shared[1]!;
        Atomics.add(back, 1, 1);
        equal(shared[1], before + 1);
      }
      const tiny = Buffer.from(new SharedArrayBuffer(8), 3, 2);
      ((await gateway.echo(tiny)) as Buffer).fill(9);
      deepEqual([...tiny], [9, 9]);
    },
  ),

  async '18 big values of every sort arrive in their order among small ones'(scene) {
    const { gateway } = await scene.open(MirrorGateway, Mirror);
    const big = new Uint8Array(100_000).fill(7);
    const doubles = new Float64Array(20_000).fill(0.5);
    const values = [
      big,
      { name: 'x', big: Buffer.from(big), list: [1, doubles] },
      'text '.repeat(50_000),
      new Map<unknown, unknown>([['big', big]]),
      new DataView(big.buffer, 5, 70_000),
      big.buffer,
      Array.from({ length: 20_000 }, (_, i) => ({ i })),
      [big, big],
    ];
    const answers = values.flatMap((value, i) => [gateway.echo(value), gateway.echo(i)]);
    const expected = values.flatMap((value, i) => [value, i]);
    for (const [i, answer] of (await Promise.all(answers)).entries()) {
      deepEqual(answer, expected[i]);
    }
  },

  '18 what move gives away arrives, and is detached at the caller at the call': only(
    COPYING_PATHS,
    async (scene) => {
      const { gateway } = await scene.open(MirrorGateway, Mirror);
      for (const length of [16, 1024, 100_000]) {
        const bytes = new Uint8Array(new ArrayBuffer(length + 8), 8).fill(length);
        const expected = bytes.slice();
        const answer = gateway.echo({ bytes: move(bytes), again: 'text' });
        equal(bytes.byteLength, 0);
        deepEqual(await answer, { bytes: expected, again: 'text' });
        const whole = new ArrayBuffer(length);
        const back = gateway.echoAll(move(whole), 1);
        equal(whole.byteLength, 0);
        deepEqual(await back, [new ArrayBuffer(length), 1]);
      }
    },
  ),

  '18 what move gives away may stand at several places of one call': only(
    COPYING_PATHS,
    async (scene) => {
      const { gateway } = await scene.open(MirrorGateway, Mirror);
      // What lay in the lane before must not be taken for a part of the calls below.
      const shared = new Uint8Array(new SharedArrayBuffer(8)).fill(99);
      for (let i = 0; i < 4; i++) await gateway.echoAll(shared, { shared }, shared);
      for (const length of [8, 100_000]) {
        const fill = (): Uint8Array => new Uint8Array(length).fill(7);
        const [twice, nested, mapped] = [fill(), fill(), fill()];
        deepEqual(await gateway.echoAll(move(twice), twice), [fill(), fill()]);
        deepEqual(await gateway.echoAll(move(nested), { nested }, [nested]), [
          fill(),
          { nested: fill() },
          [fill()],
        ]);
        const map = new Map([['mapped', move(mapped)]]);
        deepEqual(await gateway.echoAll(map, mapped), [new Map([['mapped', fill()]]), fill()]);
        for (const { byteLength } of [twice, nested, mapped]) equal(byteLength, 0);
      }
    },
  ),

  '18 what move gives away arrives inside of objects of many keys': only(
    COPYING_PATHS,
    async (scene) => {
      const { gateway } = await scene.open(MirrorGateway, Mirror);
      const keys = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`k${i}`, i]));
      const bytes = new Uint8Array(8).fill(7);
      const answer = gateway.echo({ ...keys, k0: move(bytes) });
      deepEqual(await answer, { ...keys, k0: new Uint8Array(8).fill(7) });
      equal(bytes.byteLength, 0);
    },
  ),

  '18 by reference nothing moves': only(SHARING_PATHS, async (scene) => {
    const { gateway } = await scene.open(MirrorGateway, Mirror);
    const bytes = new Uint8Array(100_000);
    equal(await gateway.echo(move(bytes)), bytes);
    equal(bytes.byteLength, 100_000);
  }),

  '18 two views of memory that moves share it where they arrive': only(
    COPYING_PATHS.filter(({ over }) => over === 'service'),
    async (scene) => {
      const { gateway } = await scene.open(MirrorGateway, Mirror);
      const memory = new ArrayBuffer(200_000);
      const left = new Uint8Array(memory, 0, 100_000).fill(1);
      const right = new Uint8Array(memory, 50_000).fill(2);
      const values = await gateway.echoAll(move(left), 'between', move(right));
      equal(memory.byteLength, 0);
      deepEqual((values[0] as Uint8Array)[49_999], 1);
      deepEqual(values[2], new Uint8Array(150_000).fill(2));
    },
  ),

  async '18 memory of a pool is not taken away from its other owners'(scene) {
    const { gateway } = await scene.open(MirrorGateway, Mirror);
    const [pooled, neighbour] = [Buffer.from('pooled'), Buffer.from('neighbour')];
    deepEqual(await gateway.echo(move(pooled)), Buffer.from('pooled'));
    deepEqual(neighbour, Buffer.from('neighbour'));
  },
};
