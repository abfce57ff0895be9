import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { after, describe, it } from 'node:test';
import { systemClock } from '../../../core/base/clock.js';
import type { ListenOptions } from '../../../core/config/options.js';
import { isRpcError, type RpcError } from '../../../core/errors/rpc-error.js';
import type { TransportAddress } from '../../../core/transport/byte-stream.js';
import type { Connection } from '../../../core/transport/connection.js';
import { dial } from '../../../core/transport/dial.js';
import { listen, type Listener } from '../../../core/transport/listener.js';
import { tcpTransport } from '../../../core/transport/tcp-transport.js';
import { ManualClock } from '../../support/manual-clock.js';
import { helloFrame, recordFrame, Recorder, send, until } from './harness.js';

const common = { clock: systemClock, maximumFramesize: 1024 * 1024, connectTimeoutMs: 5_000 };
const folder = mkdtempSync(`${tmpdir()}/ringlane-`);
const opened: Listener[] = [];
after(async () => {
  // What a failed test left open would keep the process alive.
  await Promise.all(opened.map((listener) => listener.close()));
  rmSync(folder, { recursive: true });
});

/** A server whose connections answer every record with itself. */
async function echo(at: ListenOptions): Promise<{ listener: Listener; saw: Recorder }> {
  const saw = new Recorder();
  const accept = (connection: Connection): Recorder => {
    const { records } = saw;
    saw.onRecord = (from, type, offset, length) => {
      const body = Buffer.from(from.inbound.bytes.subarray(offset, offset + length));
      records.push({ type, body });
      send(connection, type, body);
    };
    return saw;
  };
  const identity = { system: 'server', incarnation: 1 };
  const listener = await listen(tcpTransport, at, identity, { ...common, accept });
  opened.push(listener);
  return { listener, saw };
}

async function call(target: TransportAddress): Promise<{ client: Connection; saw: Recorder }> {
  const saw = new Recorder();
  const options = { ...common, listener: saw };
  const client = await dial(tcpTransport, target, { system: 'client', incarnation: 2 }, options);
  return { client, saw };
}

async function refusal(target: TransportAddress, changes: object = {}): Promise<RpcError> {
  const options = { ...common, listener: new Recorder(), ...changes };
  const identity = { system: 'client', incarnation: 2 };
  const outcome = await dial(tcpTransport, target, identity, options).catch((e: unknown) => e);
  assert.ok(isRpcError(outcome));
  return outcome;
}

describe('tcp transport', () => {
  it('has the kernel ask both ends of a silent connection whether it still exists', async (t) => {
    const keepAlive = t.mock.method(net.Socket.prototype, 'setKeepAlive');
    const { listener } = await echo({ port: 0 });
    const { client } = await call({ host: '127.0.0.1', port: listener.port });
    await until(() => listener.connectionCount === 1, 'the other end');
    const asked = keepAlive.mock.calls.map((one) => one.arguments);
    assert.deepEqual(asked, [
      [true, 10_000],
      [true, 10_000],
    ]);
    await client.close();
    await listener.close();
  });

  for (const kind of ['tcp', 'unix']) {
    it(`carries records both ways over ${kind} and closes both sides`, async () => {
      const path = `${folder}/echo.sock`;
      const { listener, saw: serverSaw } = await echo(kind === 'tcp' ? { port: 0 } : { path });
      const { port } = listener;
      assert.equal(listener.address, kind === 'tcp' ? `127.0.0.1:${port}` : path);
      const { client, saw } = await call(kind === 'tcp' ? { host: '127.0.0.1', port } : { path });
      const lengths = [8, 40, 70_000, 900_000, 16];
      for (const [type, length] of lengths.entries()) {
        assert.ok(send(client, type, Buffer.alloc(length, type + 1)));
      }
      await until(() => saw.records.length === lengths.length, 'all echoes');
      // Long ones that are no calls to one endpoint may be overtaken.
      saw.records.sort((a, b) => a.type - b.type);
      for (const [i, { type, body }] of saw.records.entries()) {
        assert.deepEqual([type, body.length], [i, lengths[i]]);
        assert.ok(body.every((byte) => byte === i + 1));
      }
      await client.close();
      await until(() => serverSaw.closes.length === 1, 'the end at the server');
      assert.deepEqual(saw.closes, [undefined]);
      await listener.close();
      assert.ok(!existsSync(path));
    });
  }

  it('moves on in the port range when ports are taken', async () => {
    const first = await echo({ port: 0 });
    const { port } = first.listener;
    const range = [port, Math.min(65_535, port + 20)] as const;
    const second = await echo({ port, portRange: range });
    assert.ok(second.listener.port > port);
    await assert.rejects(echo({ port }), (error: unknown) => {
      assert.ok(isRpcError(error) && error.code === 'BIND_FAILED');
      assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}.*EADDRINUSE`));
      return true;
    });
    await Promise.all([first.listener.close(), second.listener.close()]);
  });

  it('takes the place of a dead socket file, but not of a live one or another file', async () => {
    const path = `${folder}/stale.sock`;
    const dies = "() => process.kill(process.pid, 'SIGKILL')";
    const code = `require('net').createServer().listen(process.argv[1], ${dies})`;
    spawnSync(process.execPath, ['-e', code, path]);
    assert.ok(existsSync(path));
    const { listener } = await echo({ path });
    await assert.rejects(echo({ path }), /BIND_FAILED.*stale\.sock.*EADDRINUSE/);
    await listener.close();
    writeFileSync(`${folder}/precious`, 'text');
    await assert.rejects(echo({ path: `${folder}/precious` }), /BIND_FAILED/);
    assert.ok(existsSync(`${folder}/precious`));
  });

  it('fails soon and with the address when nobody listens', async () => {
    const { listener } = await echo({ port: 0 });
    const { port } = listener;
    await listener.close();
    const refused = await refusal({ host: '127.0.0.1', port });
    assert.deepEqual([refused.code, refused.effect], ['CONNECTION_FAILED', 'none']);
    assert.match(refused.message, new RegExp(`127\\.0\\.0\\.1:${port}: .*ECONNREFUSED`));
    const both = await refusal({ host: 'localhost', port });
    assert.match(both.message, /ECONNREFUSED/);
    const missing = await refusal({ path: `${folder}/missing.sock` });
    assert.match(missing.message, /missing\.sock: .*ENOENT/);
  });

  it('connects after a pause of its own thread that was longer than the deadline', async () => {
    const clock = new ManualClock();
    const { listener } = await echo({ port: 0 });
    const target = { host: '127.0.0.1', port: listener.port };
    const options = { ...common, clock, listener: new Recorder() };
    const identity = { system: 'client', incarnation: 2 };
    const dialling = dial(tcpTransport, target, identity, options);
    clock.jump(60_000);
    const client = await dialling;
    await client.close();
    await listener.close();
  });

  it('gives up dialling at the deadline and by the signal', async () => {
    const clock = new ManualClock();
    // Whatever the network does with it, time is up before it answers.
    const silent = { host: '127.0.0.1', port: 9 };
    const late = refusal(silent, { clock, connectTimeoutMs: 50 });
    clock.advance(50);
    const error = await late;
    assert.equal(error.code, 'CONNECTION_FAILED');
    assert.match(error.message, /127\.0\.0\.1:9: no answer within 50 ms/);
    const cancelled = await refusal(silent, { signal: AbortSignal.abort() });
    assert.equal(cancelled.code, 'CANCELLED');
  });

  it('survives raw peers: garbage, half a frame, a reset in the middle', async () => {
    const { listener, saw } = await echo({ port: 0 });
    const half = recordFrame(1, Buffer.alloc(100)).subarray(0, 50);
    const endings: ((socket: net.Socket) => void)[] = [
      (socket) => socket.end('GET / HTTP/1.1\r\n\r\n'),
      (socket) => socket.end(Buffer.concat([helloFrame(), half])),
      (socket) => {
        socket.write(Buffer.concat([helloFrame(), half]));
        socket.once('data', () => socket.resetAndDestroy());
      },
      (socket) => socket.resetAndDestroy(),
    ];
    for (const ending of endings) {
      const socket = net.connect(listener.port, '127.0.0.1', () => ending(socket));
      socket.on('error', () => {});
      socket.resume();
    }
    await until(() => saw.closes.length === 2, 'the ends of both that said HELLO');
    const codes = new Set(saw.closes.map((error) => error?.code));
    assert.deepEqual(codes, new Set(['PEER_LOST', 'PROTOCOL_ERROR']));
    const { client, saw: clientSaw } = await call({ host: '127.0.0.1', port: listener.port });
    send(client, 1, Buffer.alloc(8));
    await until(() => clientSaw.records.length === 1, 'an echo after all that');
    await client.close();
    await listener.close();
  });

  it('bounds what waits for a peer that stops reading', async () => {
    const { listener } = await echo({ port: 0 });
    const { client } = await call({ host: '127.0.0.1', port: listener.port });
    client.pause();
    const body = Buffer.alloc(60_000);
    let full = 0;
    for (let i = 0; i < 1_000 && full === 0; i++) if (!send(client, 1, body)) full++;
    assert.equal(full, 1, 'FULL before 60 MB');
    assert.ok(client.unsentBytes <= 16 * 1024 * 1024);
    client.destroy();
    await listener.close();
  });
});
