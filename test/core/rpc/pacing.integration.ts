import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryNetwork } from '../../support/memory-network.js';
import { Producer, ProducerGateway, Sink, SinkGateway } from '../../support/rpc-pacing-fixtures.js';
import { until } from '../../support/until.js';

const COUNT = 600;
const BYTES = 60_000;

for (const thread of ['home', 0] as const) {
  const where = thread === 'home' ? 'the home thread' : 'a worker thread';
  test(`whoever awaits ready on ${where} loses nothing to a peer that reads late`, async (t) => {
    const { network, start } = memoryNetwork();
    const far = await start({ systemName: 'far', threads: 0, listen: { port: 0 } });
    const near = await start({ systemName: 'near', threads: 1 });
    t.after(() => Promise.all([near.close(), far.close()]));
    const letters: unknown[] = [];
    near.onDeadLetter((letter) => letters.push(letter));
    const sinks = await far.startServer(Sink, { thread: 'home' });
    const producers = await near.startServer(Producer, { thread });
    await Promise.all([sinks.start(), producers.start()]);
    const sink = await far.connect(sinks.address, SinkGateway);
    const producer = await near.connect(producers.address, ProducerGateway);
    await near.connect(sinks.address, SinkGateway);
    const { dialled } = network.links[0]!;
    const produced = producer.produce(sinks.address, COUNT, BYTES);
    await until(async () => (await producer.sent()) > 0, 'the first tell');
    dialled.stall();
    let sent = 0;
    // It stands still when it has not moved for so many answers.
    for (let still = 0; still < 200 && sent < COUNT; still++) {
      const now = await producer.sent();
      if (now > sent) still = 0;
      sent = now;
    }
    assert.ok(sent < COUNT, 'it waits');
    dialled.flow();
    await produced;
    await until(async () => (await sink.taken()) === COUNT, 'all that was told');
    assert.deepEqual(letters, []);
  });
}
