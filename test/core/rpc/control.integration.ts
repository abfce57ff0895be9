import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ask, defineGateway, isRpcError, type Placement } from '../../../index.js';
import { Nurse, NurseGateway, Patient, PulseGateway } from '../../support/control-fixtures.js';
import { memoryNetwork } from '../../support/memory-network.js';
import { until } from '../../support/until.js';

/** A patient in one service and a nurse in another, over a network that the test can hold up. */
async function ward(place: Placement) {
  const { network, start } = memoryNetwork();
  const threads = place === 'home' ? 0 : 1;
  const far = await start({ systemName: 'far', threads, listen: { port: 0 } });
  const near = await start({ systemName: 'near', threads });
  const patient = await far.startServer(Patient, { thread: place });
  const nurse = await near.startServer(Nurse, { thread: place });
  await Promise.all([patient.start(), nurse.start()]);
  const gateway = await near.connect(nurse.address, NurseGateway);
  await gateway.visit(patient.address);
  const close = async (): Promise<void> => {
    await near.close();
    await far.close();
  };
  return { network, near, patient, nurse: gateway, close };
}

describe('the control connection', () => {
  for (const place of ['home', 0] as const) {
    const where = place === 'home' ? 'the home thread' : 'worker threads';
    it(`carries control methods past data that is held up, on ${where}`, async () => {
      const { network, nurse, close } = await ward(place);
      assert.equal(network.links.length, 2);
      const [data] = network.links;
      data!.dialled.stall();
      let isDone = false;
      const work = nurse.handWork(300_000).then((length) => {
        isDone = true;
        return length;
      });
      for (let i = 0; i < 3; i++) assert.equal(await nurse.feelPulse(), 'alive');
      if (place === 0) assert.equal(await nurse.holdHand(), 'alive', 'also who waits on the spot');
      assert.equal(isDone, false);
      data!.dialled.flow();
      assert.equal(await work, 300_000);
      await close();
    });
  }

  it('is opened once, by the first contract that has control methods', async () => {
    const { network, near, patient, close } = await ward('home');
    await near.connect(patient.address, PulseGateway);
    assert.equal(network.links.length, 2);
    await close();
  });

  it('ends with the data connection and it with this one; both are dialled anew', async () => {
    for (const index of [0, 1]) {
      const { network, near, patient, nurse, close } = await ward('home');
      const other = network.links[1 - index]!;
      let isOver = false;
      void other.dialled.closed.then(() => (isOver = true));
      network.links[index]!.dialled.cut();
      await until(() => isOver, 'the end of the other connection');
      await assert.rejects(nurse.feelPulse(), (error: unknown) => isRpcError(error));
      await assert.rejects(nurse.handWork(10), (error: unknown) => isRpcError(error));
      const again = await near.connect(patient.address, PulseGateway);
      assert.equal(await again.pulse(), 'alive');
      assert.equal(await again.work(Buffer.alloc(10)), 10);
      assert.equal(network.links.length, 4);
      await close();
    }
  });

  it('is not opened for contracts without such methods', async () => {
    const { network, start } = memoryNetwork();
    const far = await start({ systemName: 'far', threads: 0, listen: { port: 0 } });
    const near = await start({ systemName: 'near', threads: 0 });
    const patient = await far.startServer(Patient, { thread: 'home' });
    await patient.start();
    const WorkGateway = defineGateway('Pulse', { work: ask<[bytes: Buffer], number>() });
    const gateway = await near.connect(patient.address, WorkGateway);
    assert.equal(await gateway.work(Buffer.alloc(3)), 3);
    assert.equal(network.links.length, 1);
    await near.close();
    await far.close();
  });

  it('is named by an option that knows two values', () => {
    const lane = 'fast' as 'control';
    assert.throws(() => defineGateway('Odd', { odd: ask({ lane }) }), /Odd\.odd: lane must be/);
  });
});
