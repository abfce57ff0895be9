import { equal, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { BUDGETS } from '../../bench/harness/cell.js';
import { drive } from '../../bench/harness/drive.js';
import { driveTells, type Received } from '../../bench/harness/drive-tells.js';

const BUDGET = { ...BUDGETS.tiny, warmUpMs: 1, maxCalls: 64 };
const isRight = (reply: number, index: number): boolean => reply === index;

for (const window of [1, 8]) {
  test(`asks, ${window} in flight: counted, timed, bounded`, async () => {
    const call = (index: number): Promise<number> => Promise.resolve(index);
    const figures = await drive({ window, call, isRight, bytesPerCall: 10 }, BUDGET);
    equal(figures.calls! > 0 && figures.calls! <= 64, true);
    equal(figures.bytesPerSecond, figures.callsPerSecond! * 10);
    for (const name of ['p50Us', 'p99Us', 'p999Us', 'cpuUsPerCall', 'rssMib'] as const) {
      equal(Number.isFinite(figures[name]), true, name);
    }
  });

  test(`one wrong reply of ${window} in flight is a failure, not a figure`, async () => {
    const call = (index: number): Promise<number> => Promise.resolve(index === 50 ? 51 : index);
    await rejects(drive({ window, call, isRight }, { ...BUDGET, warmUpMs: 1_000 }), {
      name: 'WrongReply',
      message: 'call 50 was answered 51',
    });
  });
}

test('CPU of other processes counts', async () => {
  let otherUs = 0;
  const otherCpuUs = async (): Promise<number> => (otherUs += 1e9);
  const call = (index: number): Promise<number> => Promise.resolve(index);
  const figures = await drive({ window: 1, call, isRight, otherCpuUs }, BUDGET);
  equal(figures.cpuUsPerCall! >= 1e9 / 64, true);
});

function telling(lost: number) {
  const received: Received & { count: number; sum: number } = { count: -lost, sum: 0 };
  return {
    batch: 10,
    tell: (value: number): void => {
      received.count++;
      received.sum += value;
    },
    ready: (): Promise<void> => Promise.resolve(),
    received: (): Promise<Received> => Promise.resolve(received),
  };
}

test('tells are counted where they arrive', async () => {
  const figures = await driveTells(telling(0), BUDGET);
  equal(figures.calls! % 10, 0);
  equal(figures.callsPerSecond! > 0, true);
});

test('a lost tell is a failure', async () => {
  await rejects(driveTells(telling(1), BUDGET), { name: 'WrongReply', message: /tells with sum/ });
});
