import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { HeartbeatServices, silentLogger } from '../../core/internal.js';
import { RpcError } from '../../index.js';
import { ManualClock } from '../support/manual-clock.js';
import { manualExecutor, settle } from '../support/manual-executor.js';
import { conform } from './harness/conform.js';
import { rules } from './heartbeat.rules.js';

conform(new URL('./heartbeat.rules.js', import.meta.url).href, rules);

// Times are the same on every path: they run on a virtual clock, with Flink's own values.

function monitor(requestHeartbeat: () => Promise<void>) {
  const clock = new ManualClock();
  const heard: string[] = [];
  const services = new HeartbeatServices({}, () => clock.nowMs());
  const manager = services.createHeartbeatManagerSender<string, string>({
    resourceId: 'monitor',
    executor: manualExecutor(clock),
    logger: silentLogger,
    listener: {
      notifyHeartbeatTimeout: (id) => heard.push(`timeout ${id}`),
      notifyTargetUnreachable: (id) => heard.push(`unreachable ${id}`),
      reportPayload: () => {},
      retrievePayload: () => '',
    },
  });
  manager.monitorTarget('target', { requestHeartbeat, receiveHeartbeat: async () => {} });
  const advance = async (seconds: number): Promise<void> => {
    for (let i = 0; i < seconds; i++) {
      clock.advance(1_000);
      await settle(2);
    }
  };
  return { clock, heard, manager, advance };
}

const silence = (): Promise<void> => new Promise(() => {});
const nobody = (): Promise<void> => Promise.reject(new RpcError('RECIPIENT_UNREACHABLE', 'gone'));

test('33 asks every 10 s, and 50 s of silence are a time-out, once', async () => {
  let requests = 0;
  const { heard, advance } = monitor(() => {
    requests++;
    return silence();
  });
  await advance(49);
  deepEqual([requests, heard], [4, []]);
  await advance(1);
  deepEqual(heard, ['timeout target']);
  await advance(100);
  deepEqual(heard, ['timeout target']);
});

test('33 two unreachable calls in a row are dead, long before the time-out', async () => {
  const { heard, advance } = monitor(nobody);
  await advance(19);
  deepEqual(heard, []);
  await advance(1);
  deepEqual(heard, ['unreachable target']);
  await advance(100);
  equal(heard.length, 1);
});

test('33 unmonitored is the third end, and a silent one', async () => {
  const { heard, advance, manager } = monitor(silence);
  await advance(10);
  manager.unmonitorTarget('target');
  await advance(200);
  deepEqual(heard, []);
});

test('33 no false alarm when our own thread was the late one', async () => {
  const { clock, heard, advance } = monitor(silence);
  await advance(1);
  clock.jump(600_000);
  await settle(5);
  deepEqual(heard, []);
  await advance(60);
  deepEqual(heard, ['timeout target'], 'a target that stays silent is found all the same');
});
