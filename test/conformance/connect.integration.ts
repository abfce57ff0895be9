import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { isRpcError, RpcService } from '../../index.js';
import { encodeHello } from '../../core/codec/control-codec.js';
import {
  encodeFrame,
  FRAME_KINDS,
  PROTOCOL_VERSION,
} from '../../core/transport/frame-descriptor.js';
import { failure } from '../support/failure.js';
import { rules } from './connect.rules.js';
import { Probe, ProbeGateway } from './fixtures/probe.js';
import { conform } from './harness/conform.js';

conform(new URL('./connect.rules.js', import.meta.url).href, rules);

/** Somebody who is no service of ours; `greeting` is all that it says. */
class Stranger {
  readonly #server = createServer((socket) => {
    this.#sockets.push(socket);
    socket.on('error', () => {}).write(this.#greeting);
  });
  readonly #sockets: Socket[] = [];
  readonly #greeting: Uint8Array;

  private constructor(greeting: Uint8Array) {
    this.#greeting = greeting;
  }

  static async listen(greeting: Uint8Array = Buffer.alloc(0)): Promise<Stranger> {
    const stranger = new Stranger(greeting);
    stranger.#server.listen(0, '127.0.0.1');
    await once(stranger.#server, 'listening');
    return stranger;
  }

  get address(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `ringlane.tcp://far@127.0.0.1:${port}/user/rpc/probe`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

// The next three are about what is on the other end of a socket: there is only one such path.

test('22 a port where nobody listens fails with CONNECTION_FAILED at once', async () => {
  await using service = await RpcService.start({ threads: 0 });
  const gone = await Stranger.listen();
  const { address } = gone;
  await gone[Symbol.asyncDispose]();
  const error = await failure('CONNECTION_FAILED', service.connect(address, ProbeGateway));
  ok(error.message.includes(new URL(address.replace('ringlane.tcp', 'http')).host));
});

test('22 who listens and says nothing fails connect within connectTimeoutMs', async () => {
  await using service = await RpcService.start({ threads: 0, connectTimeoutMs: 100 });
  await using stranger = await Stranger.listen();
  const error = await failure('CONNECTION_FAILED', service.connect(stranger.address, ProbeGateway));
  match(error.message, /no handshake within \d+ ms/);
  equal(error.effect, 'none');
});

test('22 another protocol version is HANDSHAKE_REJECTED, naming both', async () => {
  await using service = await RpcService.start({ threads: 0 });
  const identity = { system: 'far', incarnation: 1, maximumFramesize: 1 << 20 };
  const hello = encodeHello({ ...identity, protocolVersion: PROTOCOL_VERSION + 1 });
  await using stranger = await Stranger.listen(encodeFrame(FRAME_KINDS.hello, hello));
  const connecting = service.connect(stranger.address, ProbeGateway);
  const error = await failure('HANDSHAKE_REJECTED', connecting);
  match(error.message, new RegExp(`version ${PROTOCOL_VERSION + 1}.*version ${PROTOCOL_VERSION}`));
  equal(error.effect, 'none');
});

test('23 a service started anew at the same port is another incarnation', async () => {
  await using near = await RpcService.start({ systemName: 'near', threads: 0 });
  const open = async (port: number): Promise<RpcService> => {
    const far = await RpcService.start({ systemName: 'far', threads: 1, listen: { port } });
    const server = await far.startServer(Probe, { endpointId: 'probe', thread: 0 });
    await server.start();
    return far;
  };
  const first = await open(0);
  const address = first.addressOf('probe');
  const old = await near.connect(address, ProbeGateway);
  equal(await old.run(1), 1);
  await first.close();
  await using second = await open(first.port);
  equal(second.addressOf('probe'), address);
  const refused = await old.run(2).catch((error: unknown) => error);
  ok(isRpcError(refused) && refused.effect === 'none', String(refused));
  const gateway = await near.connect(address, ProbeGateway);
  deepEqual(await gateway.ran(), [], 'nothing meant for the old one ran in the new one');
  equal(await gateway.run(3), 3);
});

test('24 the self gateway of a server handle works on every thread of its service', async () => {
  await using service = await RpcService.start({ threads: 1 });
  for (const thread of ['home', 0] as const) {
    const server = await service.startServer(Probe, { thread });
    await server.start();
    equal(await server.getSelfGateway(ProbeGateway).add(1, 2), 3);
  }
});
