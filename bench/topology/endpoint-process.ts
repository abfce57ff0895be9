import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ListenOptions, RpcService } from '../../index.js';
import { servePeer } from '../harness/peer-process.js';
import { BenchEndpoint } from './bench-endpoint.js';
import type { FarPlace } from './between-processes.js';

/** The other process of a remote cell: one endpoint behind a port or a unix socket. */
const place = process.argv[2] as FarPlace;
const folder = await mkdtemp(join(tmpdir(), 'ringlane-bench-'));
const listen: ListenOptions =
  place === 'unix-socket' ? { path: join(folder, 'socket') } : { host: '127.0.0.1', port: 0 };
const service = await RpcService.start({
  systemName: 'callee',
  threads: place === 'worker' ? 1 : 0,
  listen,
});
const server = await service.startServer(BenchEndpoint, {
  thread: place === 'worker' ? 0 : 'home',
});
await server.start();
servePeer(server.address, async () => {
  await service.close();
  await rm(folder, { recursive: true, force: true });
});
