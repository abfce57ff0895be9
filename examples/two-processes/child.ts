// The serving process: one counter on a worker thread, reachable over TCP on loopback.
// It is started by main.ts and tells it the address over the IPC channel.
// When that channel closes, whoever wanted it is gone, and it ends by itself.
import { RpcService } from 'ringlane';
import { Counter } from './counter.js';

const listen = { host: '127.0.0.1', port: 0 };
const service = await RpcService.start({ systemName: 'child', threads: 1, listen });
const server = await service.startServer(Counter, { endpointId: 'counter' });
await server.start();
process.once('disconnect', () => void service.close());
process.send?.(server.address);
