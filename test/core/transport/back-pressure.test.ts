import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connect, send, settle } from './harness.js';

const BOUND = 256 * 1024;
const bounded = { client: { highWaterBytes: BOUND } };

describe('back-pressure', () => {
  it('answers FULL at the bound while the peer does not read, and then once writable', async () => {
    const { client, link, clientSaw, serverSaw } = await connect(bounded);
    link.dialled.stall();
    let sent = 0;
    for (let tick = 0; tick < 100; tick++) {
      for (let i = 0; i < 100; i++) if (send(client, 1, Buffer.alloc(1_000, sent))) sent++;
      assert.ok(client.unsentBytes <= BOUND);
      await settle(2);
    }
    assert.equal(sent, Math.floor(BOUND / 1_016));
    assert.equal(clientSaw.writable, 0);
    link.dialled.flow();
    await settle(100);
    assert.equal(clientSaw.writable, 1);
    assert.equal(client.unsentBytes, 0);
    assert.equal(serverSaw.records.length, sent);
    assert.ok(serverSaw.records.every(({ body }, i) => body[0] === (i & 255)));
  });

  it('says writable below half of the bound, where sending works again', async () => {
    const { client, link, clientSaw } = await connect({
      ...bounded,
      network: { split: () => 16 * 1024 },
    });
    link.dialled.stall();
    while (send(client, 1, Buffer.alloc(1_000)));
    const left: number[] = [];
    clientSaw.onWritable = () => {
      left.push(client.unsentBytes);
      while (left.length < 4 && send(client, 1, Buffer.alloc(1_000)));
    };
    link.dialled.flow();
    await settle(400);
    assert.equal(left.length, 4);
    assert.ok(left.every((bytes) => bytes <= BOUND / 2));
    assert.equal(client.unsentBytes, 0);
  });

  it('takes one record above the bound when nothing else waits', async () => {
    const { client, link, clientSaw, serverSaw } = await connect(bounded);
    link.dialled.stall();
    assert.ok(send(client, 1, Buffer.alloc(BOUND * 2)));
    assert.ok(!send(client, 2, Buffer.alloc(8)));
    link.dialled.flow();
    await settle(200);
    assert.deepEqual([clientSaw.writable, serverSaw.records.length], [1, 1]);
  });

  it('gathers what is committed while a write is under way', async () => {
    const { client, link } = await connect();
    link.dialled.stall();
    const before = link.dialled.writes;
    for (let tick = 0; tick < 50; tick++) {
      send(client, 1, Buffer.alloc(100));
      await settle(1);
    }
    assert.equal(link.dialled.writes, before + 1, 'the first tick only');
    link.dialled.flow();
    await settle();
    assert.equal(link.dialled.writes, before + 2, 'all the others at once');
  });

  it('sees a slow peer move inside one large record, and does not cut it', async () => {
    const { client, clock, link, clientSaw, serverSaw } = await connect({
      server: { frameTimeoutMs: 600_000 },
      network: { split: () => 16 * 1024 },
    });
    const startMs = clock.nowMs();
    assert.ok(send(client, 1, Buffer.alloc(900 * 1024)));
    while (serverSaw.records.length === 0 && clientSaw.closes.length === 0) {
      link.dialled.stall();
      clock.advance(1_400);
      link.dialled.flow();
      await settle(3);
    }
    assert.deepEqual(clientSaw.closes, []);
    assert.ok(clock.nowMs() - startMs > 20_000, 'far longer than a stall may be');
  });

  it('holds the peer back when its own reading is paused', async () => {
    const { client, server, clientSaw, serverSaw } = await connect(bounded);
    server.pause();
    let sent = 0;
    while (send(client, 1, Buffer.alloc(1_000))) sent++;
    await settle(100);
    assert.equal(serverSaw.records.length, 0);
    server.resume();
    await settle(100);
    assert.deepEqual([serverSaw.records.length, clientSaw.writable], [sent, 1]);
  });

  it('survives listeners that throw where nobody could catch it', async () => {
    const { client, link, clientSaw } = await connect(bounded);
    link.dialled.stall();
    while (send(client, 1, Buffer.alloc(1_000)));
    clientSaw.onWritable = () => {
      throw new Error('mine');
    };
    link.dialled.flow();
    await settle(100);
    assert.equal(clientSaw.closes.length, 1);
    assert.equal(client.isOpen, false);
  });
});
