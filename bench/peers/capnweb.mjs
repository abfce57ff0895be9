import { once } from 'node:events';

const NODE_MIN = 22;

/**
 * Its client uses the WebSocket that Node has from 22 on; an older one cannot load the package. Fails
 * as any import does where nobody installed it.
 */
export async function absence() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < NODE_MIN) return `needs Node ${NODE_MIN}`;
  await Promise.all([import('capnweb'), import('ws')]);
  return undefined;
}

/** Objects by reference over WebSockets. */
export async function serve() {
  const { newWebSocketRpcSession, RpcTarget } = await import('capnweb');
  const { WebSocketServer } = await import('ws');
  class Echo extends RpcTarget {
    echo(value) {
      return value;
    }
  }
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (socket) => newWebSocketRpcSession(socket, new Echo()));
  await once(server, 'listening');
  return {
    address: `ws://127.0.0.1:${server.address().port}`,
    async close() {
      for (const socket of server.clients) socket.terminate();
      server.close();
    },
  };
}

export async function connect(address) {
  const { newWebSocketRpcSession } = await import('capnweb');
  const api = newWebSocketRpcSession(address);
  await api.echo(0);
  return {
    echo: (value) => api.echo(value),
    close: async () => api[Symbol.dispose](),
  };
}
