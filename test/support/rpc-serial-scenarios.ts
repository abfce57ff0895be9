import { deepEqual, equal, ok } from 'node:assert/strict';
import { callOptions, isRpcError, type RpcService } from '../../index.js';
import { failure } from './failure.js';
import type { Scenario, Target } from './rpc-contracts.js';
import { type GateGateway, GateGateway as Gates } from './rpc-serial-fixtures.js';
import { type SerialGateway, SerialGateway as Serials } from './rpc-serial-fixtures.js';
import { until } from './until.js';

interface Pair {
  readonly serial: SerialGateway;
  /** Another endpoint of the same thread. */
  readonly gate: GateGateway;
}

async function pairOf(service: RpcService, { probe }: Target): Promise<Pair> {
  const serial = await service.connect(probe.replace('probe_', 'serial_'), Serials);
  const gate = await service.connect(probe.replace('probe_', 'gate_'), Gates);
  await gate.close();
  return { serial, gate };
}

/** Lines of messages that ran one after the other. */
function inTurn(names: readonly string[]): string[] {
  return names.flatMap((name) => [`${name} begins`, `${name} ends`]);
}

/** What must hold of serial endpoints on every path. */
export const SERIAL_SCENARIOS: Record<string, Scenario> = {
  async serialWaitsForPromises(service, target) {
    const { serial, gate } = await pairOf(service, target);
    const first = serial.hold('a');
    const answers = [serial.walk('b', 0), serial.walk('c', 5)];
    serial.walkTold('d', 2);
    const size = serial.size(new Uint8Array(100_000));
    const last = serial.walk('e', 0);
    deepEqual(await gate.diary(), ['a begins'], 'its thread goes on for other endpoints');
    await gate.open();
    deepEqual(await Promise.all([first, ...answers, size, last]), ['a', 'b', 'c', 100_000, 'e']);
    deepEqual(await gate.diary(), [
      'a ends',
      ...inTurn(['b', 'c', 'd']),
      'size 100000',
      ...inTurn(['e']),
    ]);
  },

  async serialKeepsOrder(service, target) {
    const { serial, gate } = await pairOf(service, target);
    const names: string[] = [];
    const answers: Promise<unknown>[] = [];
    for (let i = 0; i < 600; i++) {
      const turns = (i * 7) % 15;
      names.push(`${i}`);
      if (i % 3 === 0) serial.walkTold(`${i}`, turns);
      else answers.push(serial.walk(`${i}`, turns).catch((error: unknown) => error));
    }
    const values = await Promise.all(answers);
    ok(values.some((value) => isRpcError(value) && value.code === 'HANDLER_FAILED'));
    await serial.walk('last', 1);
    deepEqual(await gate.diary(), inTurn([...names, 'last']), 'one at a time, as they were sent');
  },

  async serialTasksWaitToo(service, target) {
    const { serial, gate } = await pairOf(service, target);
    const lines: string[] = [];
    await serial.follow('x');
    const walk = serial.walk('y', 4);
    await walk;
    await until(async () => {
      lines.push(...(await gate.diary()));
      return lines.some((line) => line.endsWith('timer'));
    }, 'the timer');
    equal(lines[0], 'x');
    equal(lines.length, 6, lines.join());
    ok(lines.indexOf('x runAsync') < lines.indexOf('x callAsync'), lines.join());
    equal(lines.indexOf('y begins') + 1, lines.indexOf('y ends'), 'nothing in between');
  },

  async serialQueueForgets(service, target) {
    const { serial, gate } = await pairOf(service, target);
    const controller = new AbortController();
    const first = serial.hold('a', callOptions({ timeoutMs: 0 }));
    const gone = callOptions({ signal: controller.signal, timeoutMs: 0 });
    const cancelled = ['b', 'c'].map((line) => failure('CANCELLED', serial.walk(line, 0, gone)));
    const late = failure('TIMEOUT', serial.walk('d', 0, callOptions({ timeoutMs: 40 })));
    const last = serial.walk('e', 0);
    await gate.diary();
    controller.abort();
    await Promise.all([...cancelled, late]);
    await gate.open();
    await Promise.all([first, last]);
    deepEqual(await gate.diary(), ['a ends', ...inTurn(['e'])], 'nobody waits for the others');
  },

  async serialStillHeldWhenCancelled(service, target) {
    const { serial, gate } = await pairOf(service, target);
    const controller = new AbortController();
    const options = callOptions({ signal: controller.signal });
    const first = failure('CANCELLED', serial.hold('a', options));
    equal((await gate.diary()).length, 1);
    controller.abort();
    await first;
    const next = serial.walk('b', 0);
    await gate.diary();
    deepEqual(await gate.diary(), [], 'its handler is not over');
    await gate.open();
    await next;
    deepEqual(await gate.diary(), ['a ends', ...inTurn(['b'])]);
  },
};
