import { deepEqual, equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { assertFinds, assertHolds, explore, type MemoryModel, type Model } from './interleaving.js';
import type { Operation, Step, ThreadBody } from './thread-program.js';

function step(at: string, operation: Operation, ...locals: number[]): Step {
  return { at, locals, operation };
}

/** Store buffering, the litmus test that tells x86 from an interleaving. */
function storeBuffering(memory: MemoryModel, kind: 'store' | 'plain-store'): Model {
  const body = (mine: string, other: string, seen: string): ThreadBody =>
    function* () {
      yield step(`set ${mine}`, { kind, cell: mine, value: 1 });
      const value = yield step(`look at ${other}`, { kind: 'load', cell: other });
      yield step('note', { kind: 'store', cell: seen, value }, value);
    };
  return {
    cells: { x: 0, y: 0, 'left saw': -1, 'right saw': -1 },
    threads: { left: body('x', 'y', 'left saw'), right: body('y', 'x', 'right saw') },
    memory,
    invariant: (state) =>
      state.cell('left saw') === 0 && state.cell('right saw') === 0 ? 'both saw 0' : undefined,
  };
}

/** Message passing: data first, then the flag. */
function messagePassing(memory: MemoryModel, flagKind: 'store' | 'plain-store'): Model {
  return {
    cells: { data: 0, flag: 0 },
    threads: {
      *sender() {
        yield step('write data', { kind: 'plain-store', cell: 'data', value: 42 });
        yield step('raise flag', { kind: flagKind, cell: 'flag', value: 1 });
      },
      *receiver() {
        while ((yield step('look', { kind: 'load', cell: 'flag' })) === 0);
        const data = yield step('read data', { kind: 'load', cell: 'data' });
        if (data !== 42) yield step('check', { kind: 'fail', reason: `read ${data}` }, data);
      },
    },
    memory,
  };
}

test('store buffering is impossible in an interleaving and seen with store buffers', () => {
  assertHolds(storeBuffering('sc', 'plain-store'));
  const { trace } = assertFinds(storeBuffering('tso', 'plain-store'), ['violation'], /both saw 0/);
  equal(trace.filter((line) => line.startsWith('left')).length >= 3, true, trace.join('\n'));
});

test('an atomic store waits for the store buffer', () => {
  assertHolds(storeBuffering('tso', 'store'));
  assertHolds(storeBuffering('pso', 'store'));
});

test('two plain stores keep their order under TSO and lose it under PSO', () => {
  assertHolds(messagePassing('tso', 'plain-store'));
  assertFinds(messagePassing('pso', 'plain-store'), ['violation'], /receiver: read 0/);
  assertHolds(messagePassing('pso', 'store'));
});

test('a thread reads its own store before it has landed', () => {
  assertHolds({
    cells: { x: 0 },
    threads: {
      *only() {
        yield step('first', { kind: 'plain-store', cell: 'x', value: 1 });
        yield step('second', { kind: 'plain-store', cell: 'x', value: 2 });
        const seen = yield step('look', { kind: 'load', cell: 'x' });
        if (seen !== 2) yield step('check', { kind: 'fail', reason: `saw ${seen}` }, seen);
      },
    },
    memory: 'pso',
  });
});

test('a deadlock of two locks taken in opposite order is found with a shortest trace', () => {
  const taker = (first: string, second: string): ThreadBody =>
    function* () {
      yield step(`lock ${first}`, { kind: 'take', cell: first });
      yield step(`lock ${second}`, { kind: 'take', cell: second });
      yield step(`unlock ${second}`, { kind: 'add', cell: second, value: 1 });
      yield step(`unlock ${first}`, { kind: 'add', cell: first, value: 1 });
    };
  const cells = { a: 1, b: 1 };
  const verdict = assertFinds({ cells, threads: { p: taker('a', 'b'), q: taker('b', 'a') } }, [
    'stuck',
  ]);
  deepEqual([...verdict.trace].sort(), ['p: lock a', 'q: lock b']);
  assertHolds({ cells, threads: { p: taker('a', 'b'), q: taker('a', 'b') } });
});

test('a livelock, where everything moves and nothing ends, is a trap', () => {
  const model: Model = {
    cells: { never: 0 },
    threads: {
      *waiter() {
        while ((yield step('poll', { kind: 'load', cell: 'never' })) === 0);
      },
    },
  };
  assertFinds(model, ['trap'], /waiter at "poll"/);
  assertHolds({ ...model, goal: (state) => state.at('waiter') === 'poll' });
});

test('every option of a choice is explored', () => {
  const verdict = explore({
    cells: { x: 0 },
    threads: {
      *chooser() {
        const value = yield step('choose', { kind: 'choose', options: 3 });
        yield step('store', { kind: 'store', cell: 'x', value }, value);
      },
    },
    invariant: (state) => (state.cell('x') === 2 ? 'the last option' : undefined),
  });
  equal(verdict.reason, 'the last option');
  deepEqual(verdict.trace, ['chooser: choose -> 2', 'chooser: store']);
});

test('the number of states of two independent counters is the product of their lengths', () => {
  const counter = (cell: string): ThreadBody =>
    function* () {
      for (let i = 0; i < 4; i++) yield step('count', { kind: 'add', cell, value: 1 }, i);
    };
  equal(assertHolds({ cells: { a: 0, b: 0 }, threads: { a: counter('a'), b: counter('b') } }), 25);
});

test('a lost update of a counter that is loaded and stored in two steps is found', () => {
  const body: ThreadBody = function* () {
    const old = yield step('load', { kind: 'load', cell: 'n' });
    yield step('store', { kind: 'store', cell: 'n', value: old + 1 }, old);
  };
  const threads = { a: body, b: body };
  assertFinds({ cells: { n: 0 }, threads, goal: (state) => state.cell('n') === 2 }, ['stuck']);
});

test('a local variable that was left out of the state is reported', () => {
  const forgetful: ThreadBody = function* () {
    for (let value = 0; value < 2; value++)
      yield step('store', { kind: 'store', cell: 'x', value });
  };
  throws(() => explore({ cells: { x: 0 }, threads: { forgetful } }), /locals at "store\|"/);
});

test('unknown cells and models without end are refused', () => {
  const cells = { x: 0 };
  const lost: ThreadBody = function* () {
    yield step('load', { kind: 'load', cell: 'y' });
  };
  throws(() => explore({ cells, threads: { lost } }), /no cell "y"/);
  const endless: ThreadBody = function* () {
    for (;;) yield step('add', { kind: 'add', cell: 'x', value: 1 });
  };
  throws(() => explore({ cells, threads: { endless }, maxStates: 100 }), /more than 100 states/);
});
