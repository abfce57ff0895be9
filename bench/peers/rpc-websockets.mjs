import { once } from 'node:events';
import { Client, Server } from 'rpc-websockets';

/** JSON-RPC over WebSockets. */
export async function serve() {
  const server = new Server({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  server.register('echo', ([value]) => value);
  return { address: `ws://127.0.0.1:${server.wss.address().port}`, close: () => server.close() };
}

export async function connect(address) {
  const client = new Client(address, { reconnect: false });
  await once(client, 'open');
  return {
    echo: (value) => client.call('echo', [value]),
    echoBytes: null,
    close: async () => client.close(),
  };
}
