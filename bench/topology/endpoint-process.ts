import { RpcService } from '../../index.js';
import { servePeer } from '../harness/peer-process.js';
import { BenchEndpoint } from './bench-endpoint.js';

/** The other process of a remote cell: one endpoint behind a port. */
const isHome = process.argv[2] === 'home';
const service = await RpcService.start({
  systemName: 'callee',
  threads: isHome ? 0 : 1,
  listen: { host: '127.0.0.1', port: 0 },
});
const server = await service.startServer(BenchEndpoint, { thread: isHome ? 'home' : 0 });
await server.start();
servePeer(server.address, () => service.close());
