import { once } from 'node:events';
import { createServer, connect as dial } from 'node:net';
import {
  createMessageConnection,
  RequestType,
  SocketMessageReader,
  SocketMessageWriter,
} from 'vscode-jsonrpc/node';

const ECHO = new RequestType('echo');

function listen(socket) {
  socket.setNoDelay(true);
  const connection = createMessageConnection(
    new SocketMessageReader(socket),
    new SocketMessageWriter(socket),
  );
  return connection;
}

/** JSON-RPC with the framing of language servers. */
export async function serve() {
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    const connection = listen(socket);
    connection.onRequest(ECHO, (value) => value);
    connection.listen();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `${server.address().port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

export async function connect(address) {
  const socket = dial(Number(address), '127.0.0.1');
  await once(socket, 'connect');
  const connection = listen(socket);
  connection.listen();
  return {
    echo: (value) => connection.sendRequest(ECHO, value),
    echoBytes: null,
    async close() {
      connection.dispose();
      socket.destroy();
    },
  };
}
