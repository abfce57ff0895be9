import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { ask, defineGateway, RpcEndpoint, RpcService } from '../../../index.js';
import { failure } from '../../support/failure.js';
import { ManualClock } from '../../support/manual-clock.js';

const EchoGateway = defineGateway('Echo', {
  hold: ask<[word: Int32Array], void>(),
  echo: ask<[value: number], number>(),
  tellWhenAnswered: ask<[word: Int32Array], void>(),
  never: ask<[], void>(),
});

const HELD = 1;
const LET_GO = 2;
const ANSWERED = 3;

export class EchoEndpoint extends RpcEndpoint {
  static override readonly gateways = [EchoGateway];
  static override readonly module = import.meta.url;
  static override readonly exportName = 'EchoEndpoint';

  /** Blocks this thread until it is let go. */
  hold(word: Int32Array): void {
    Atomics.store(word, 0, HELD);
    Atomics.wait(word, 0, HELD, 20_000);
  }

  echo(value: number): number {
    return value;
  }

  /** What was answered before has left when this turn is over. */
  tellWhenAnswered(word: Int32Array): void {
    setImmediate(() => Atomics.store(word, 0, ANSWERED));
  }

  never(): Promise<void> {
    return new Promise(() => {});
  }
}

/** Stands still, as in a long handler, until the word is stored. */
function blockUntil(word: Int32Array, value: number): void {
  const endMs = performance.now() + 20_000;
  while (Atomics.load(word, 0) !== value) ok(performance.now() < endMs, 'it was never stored');
}

test('14 answers that wait for a thread that was held up win over their deadlines', async () => {
  const clock = new ManualClock();
  const service = await RpcService.start({ threads: 1, clock, askTimeoutMs: 60_000 });
  try {
    const server = await service.startServer(EchoEndpoint, { thread: 0 });
    await server.start();
    const gateway = server.getSelfGateway(EchoGateway);
    const word = new Int32Array(new SharedArrayBuffer(4));
    const asks: Promise<unknown>[] = [gateway.hold(word)];
    const values = Array.from({ length: 2_000 }, (_, i) => i);
    const never = failure('TIMEOUT', gateway.never());
    const answers = values.map((value) => gateway.echo(value));
    asks.push(gateway.tellWhenAnswered(word));
    // All of them leave at the end of this turn; none is answered before we block.
    await new Promise(setImmediate);
    blockUntil(word, HELD);
    Atomics.store(word, 0, LET_GO);
    Atomics.notify(word, 0);
    blockUntil(word, ANSWERED);
    clock.jump(100_000);
    clock.advance(100);
    deepEqual(await Promise.all(answers), values);
    await Promise.all(asks);
    equal((await never).effect, 'unknown');
  } finally {
    await service.close();
  }
});
