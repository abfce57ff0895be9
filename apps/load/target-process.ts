/**
 * The other process of `--path tcp`: serves one endpoint until its parent goes. Arguments: the URL
 * of a module and the name of the endpoint class that it exports.
 */
import { RpcService } from '../../index.js';
import { loadEndpointClass } from './endpoint-class.js';

async function main(module: string, exportName: string): Promise<void> {
  const service = await RpcService.start({
    systemName: 'ringlane-target',
    threads: 0,
    listen: { host: '127.0.0.1', port: 0 },
  });
  process.once('disconnect', () => void service.close());
  const server = await service.startServer(await loadEndpointClass(module, exportName), {
    endpointId: 'target',
    thread: 'home',
  });
  await server.start();
  process.send!({ address: server.address });
}

/** Ctrl-C reaches the whole group of processes; the parent says when we end. */
process.on('SIGINT', () => {});
await main(process.argv[2]!, process.argv[3]!);
