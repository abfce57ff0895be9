import { notEqual, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { effectiveOptions, Home, tcpTransport } from '../../core/host.js';
import {
  ask,
  callOptions,
  defineGateway,
  ERROR_CODES,
  type ErrorCode,
  isRpcError,
  type RpcError,
  type RpcServer,
  RpcService,
} from '../../index.js';
import { offloadPool } from '../../workers/offload-pool.js';
import { workerThreadHost } from '../../workers/thread-host.js';
import { Bench, fixed } from '../cluster/cluster-harness.js';
import { failure } from '../support/failure.js';
import { Mortal, MortalGateway } from '../support/mortal-endpoints.js';
import { Leader, LeaderGateway } from '../support/rpc-leader-fixtures.js';
import { Performer } from './fixtures/performer.js';
import { Probe, ProbeGateway } from './fixtures/probe.js';
import { FarProcess } from './harness/far-process.js';
import { type Held, StagehandGateway } from './harness/stagehand.js';
import { Meddler, MeddlerGateway, Turns, TurnsGateway } from './fixtures/turns.js';

/*
 * Each code of the table, produced on a real path through the doors. The table below is complete by
 * its type: a code without an entry does not compile.
 */

const ports = { threadHost: workerThreadHost, offload: offloadPool, transport: tcpTransport };
const TOKEN = '0b7f1f6e-3a51-4f0a-9a9e-3d3a5b1f7c55';

/** The door `RpcService.start`, opened by hand, so that one test can get behind it. */
const home = new Home(effectiveOptions({ systemName: 'errors', threads: 1 }), ports);
let service: RpcService;
let near: RpcService;
let far: RpcService;
before(async () => {
  service = await home.start();
  near = await RpcService.start({ systemName: 'near', threads: 0, maxPendingAsks: 10 });
  const listen = { port: 0 };
  far = await RpcService.start({ systemName: 'far', threads: 1, listen, maximumFramesize: 4096 });
});
after(() => Promise.all([service.close(), near.close(), far.close()]));

async function probe(owner = service, caller = owner): Promise<ProbeGateway> {
  const server = await owner.startServer(Probe, { thread: owner.threads > 0 ? 0 : 'home' });
  await server.start();
  return caller.connect(server.address, ProbeGateway);
}

/** A performer of an id, not started. */
const performer = (endpointId: string, onStop?: 'fail'): Promise<RpcServer> =>
  service.startServer(Performer, {
    endpointId,
    args: [onStop ? { diary: endpointId, onStop } : { diary: endpointId }],
  });

const leader = async (fencingToken?: string): Promise<Promise<unknown>> => {
  const server = await service.startServer(Leader, { args: [TOKEN] });
  await server.start();
  const options = fencingToken === undefined ? {} : { fencingToken };
  return (await service.connect(server.address, LeaderGateway, options)).run();
};

/** Connects to somebody who greets with these words. */
async function stranger(greeting: string): Promise<unknown> {
  const server = createServer((socket) => socket.on('error', () => {}).end(greeting));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    return await service.connect(`ringlane.tcp://x@127.0.0.1:${port}/user/rpc/x`, ProbeGateway);
  } finally {
    server.close();
  }
}

/** Calls by a number that no handshake gave. */
function unknownMethod(server: RpcServer): Promise<unknown> {
  const found = home.directory.resolve(`/user/rpc/${server.endpointId}`)!;
  const contract = defineGateway('Probe', { add: ask<[], number>() });
  const target = { ...found, address: server.address, hostname: 'localhost', contract };
  const gateway = home.rpcThread.gateway({
    ...{ ...target, methods: [4_000], token: undefined, timeoutMs: 5_000 },
  }) as { add(): Promise<number> };
  return gateway.add();
}

/** A worker thread that cannot come up. */
function threadStartFailed(): Promise<unknown> {
  const spawn: typeof workerThreadHost.spawn = (birth, limits) =>
    workerThreadHost.spawn({ ...birth, region: new SharedArrayBuffer(8) }, limits);
  return new Home(effectiveOptions({ threads: 1 }), { ...ports, threadHost: { spawn } }).start();
}

/** The error inside the `HANDLER_FAILED` of a call. */
async function causeOf(call: Promise<unknown>): Promise<never> {
  throw (await failure('HANDLER_FAILED', call)).cause;
}

const PRODUCED: Readonly<Record<ErrorCode, () => Promise<unknown>>> = {
  INVALID_ARGUMENT: () => RpcService.start({ threads: -1 }),
  INVALID_STATE: async () => {
    const server = await performer('state');
    await server.close();
    return server.start();
  },
  ENDPOINT_NOT_STARTED: async () => {
    const server = await service.startServer(Probe);
    return (await service.connect(server.address, ProbeGateway)).add(1, 2);
  },
  RECIPIENT_UNREACHABLE: async () => {
    const server = await service.startServer(Probe);
    const gateway = await service.connect(server.address, ProbeGateway);
    await server.close();
    return gateway.add(1, 2);
  },
  DUPLICATE_ENDPOINT: async () => [await performer('twice'), await performer('twice')],
  ENDPOINT_START_FAILED: () =>
    service.startServer(Performer, { args: [{ diary: 'start', construct: 'fail' }] }),
  ENDPOINT_STOP_FAILED: async () => {
    const server = await performer('stop', 'fail');
    await server.start();
    return server.close();
  },
  UNKNOWN_METHOD: async () => {
    const server = await service.startServer(Probe, { thread: 0 });
    await server.start();
    return unknownMethod(server);
  },
  CONNECTION_FAILED: () => service.connect(service.addressOf('nobody'), ProbeGateway),
  HANDSHAKE_REJECTED: async () => {
    const server = await service.startServer(Probe);
    return service.connect(server.address, defineGateway('Impostor', { add: ask() }));
  },
  FENCING_TOKEN_MISMATCH: () => leader(TOKEN.replace('0b', '1b')),
  FENCING_TOKEN_MISSING: () => leader(),
  TIMEOUT: async () => (await probe()).never(callOptions({ timeoutMs: 10 })),
  CANCELLED: async () => {
    const controller = new AbortController();
    const call = (await probe()).never(callOptions({ signal: controller.signal }));
    controller.abort();
    return call;
  },
  HANDLER_FAILED: async () => (await probe()).fail('error'),
  NOT_SERIALIZABLE: async () => (await probe()).echo(() => 1),
  FRAME_TOO_LARGE: async () => (await probe(far, near)).echo(new Uint8Array(8_192)),
  RESULT_TOO_LARGE: async () => (await probe(far, near)).give(8_192),
  MAILBOX_FULL: async () => {
    const gateway = await probe(near);
    const waiting = Array.from({ length: 10 }, (_, id) => gateway.hold(id));
    const last = gateway.add(1, 2);
    gateway.releaseTold('enough');
    await Promise.allSettled(waiting);
    return last;
  },
  THREAD_TERMINATED: async () => {
    await using own = await RpcService.start({ threads: 1 });
    const server = await own.startServer(Mortal, { thread: 0, args: [0] });
    await server.start();
    const gateway = await own.connect(server.address, MortalGateway);
    const waiting = gateway.never();
    gateway.die('exit');
    return await waiting;
  },
  PEER_LOST: async () => {
    const other = new FarProcess({});
    const stagehand = await near.connect(await other.stagehand, StagehandGateway);
    const { module } = Probe;
    const casting = { module, exportName: 'Probe', args: [], thread: 0 };
    const { held } = (await stagehand.create(casting)) as Held;
    const waiting = stagehand.termination(held);
    stagehand.killProcess();
    try {
      return await waiting;
    } finally {
      await other.close();
    }
  },
  PROTOCOL_ERROR: () => stranger('HTTP/1.1 400 Bad Request\r\n\r\n'),
  WRONG_THREAD: async () => {
    const turns = await service.startServer(Turns, { thread: 'home' });
    const meddler = await service.startServer(Meddler, { thread: 'home' });
    await Promise.all([turns.start(), meddler.start()]);
    await turns.getSelfGateway(TurnsGateway).introduce();
    return causeOf(meddler.getSelfGateway(MeddlerGateway).meddle());
  },
  SERVICE_CLOSED: async () => {
    const closed = await RpcService.start({ threads: 0 });
    await closed.close();
    return closed.connect(closed.addressOf('nobody'), ProbeGateway);
  },
  BIND_FAILED: () => RpcService.start({ threads: 0, listen: { port: far.port } }),
  THREAD_START_FAILED: threadStartFailed,
  REGISTRATION_REJECTED: async () => {
    await using bench = await Bench.start();
    const { leader: information } = await bench.resourceManager(TOKEN, () => false);
    const { fatal } = await bench.taskExecutor('stranger', fixed(information));
    await bench.until(() => fatal.length > 0, 'the end of the TaskExecutor');
    throw fatal[0];
  },
};

for (const [code, produce] of Object.entries(PRODUCED) as [ErrorCode, () => Promise<unknown>][]) {
  test(`${code} is produced on a real path`, async () => {
    const error = await failure(code, produce());
    ok(error.message.startsWith(`${code}: `), error.message);
    // That of the table, or a better one: some places know that nothing has run.
    ok([ERROR_CODES[code].effect, 'none'].includes(error.effect), error.message);
  });
}

test('20 a method number that no handshake gave is UNKNOWN_METHOD, and nothing runs', async () => {
  const server = await service.startServer(Probe, { thread: 0 });
  await server.start();
  const error: RpcError = await failure('UNKNOWN_METHOD', unknownMethod(server));
  ok(isRpcError(error));
  notEqual(error.effect, 'unknown');
});
