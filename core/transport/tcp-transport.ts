import { lstat, unlink } from 'node:fs/promises';
import net from 'node:net';
import { deferred } from '../base/deferred.js';
import {
  type ByteStream,
  formatTransportAddress,
  type StreamAcceptor,
  type StreamServer,
  type Transport,
  type TransportAddress,
  type TransportDialOptions,
} from './byte-stream.js';
import { bindFailed, systemCodeOf } from './network-errors.js';
import { connected } from './dial-socket.js';
import { acceptedStream, connectSocket } from './socket-stream.js';

/** The other end of an accepted socket, for people. */
export function remoteOf(socket: net.Socket, local: TransportAddress): string {
  const { remoteAddress: host, remotePort: port } = socket;
  if ('path' in local || host === undefined || port === undefined) {
    return `a peer at ${formatTransportAddress(local)}`;
  }
  return formatTransportAddress({ host, port });
}

async function dial(address: TransportAddress, options: TransportDialOptions): Promise<ByteStream> {
  const name = formatTransportAddress(address);
  const { streamOf } = await connected(name, options, () => connectSocket({ ...address }));
  return streamOf(name);
}

/** A bound server of Node. */
export class SocketServer implements StreamServer {
  readonly address: TransportAddress;
  readonly #server: net.Server;
  readonly #closed: Promise<void>;

  constructor(server: net.Server, asked: TransportAddress) {
    const bound = server.address();
    const isPort = typeof bound === 'object' && bound !== null && 'host' in asked;
    this.address = isPort ? { host: asked.host, port: bound.port } : asked;
    this.#server = server;
    this.#closed = new Promise((resolve) => server.once('close', resolve));
  }

  async close(): Promise<void> {
    this.#server.close();
    await this.#closed;
  }
}

function bind(address: TransportAddress, acceptor: StreamAcceptor): Promise<StreamServer> {
  const bound = deferred<StreamServer>();
  const server = net.createServer({ pauseOnConnect: true }, (socket) => {
    acceptor.onStream(acceptedStream(socket, remoteOf(socket, address)));
  });
  const onBindError = (error: Error): void => bound.reject(error);
  server.once('error', onBindError);
  server.listen({ ...address, exclusive: true }, () => {
    server.off('error', onBindError);
    // From here on: accepting failed, such as EMFILE. The server goes on by itself.
    server.on('error', (error) => acceptor.onAcceptError(error));
    bound.resolve(new SocketServer(server, address));
  });
  return bound.promise;
}

/** True for a socket file that a dead process left behind: nobody answers there. */
async function isStale(path: string): Promise<boolean> {
  if (!(await lstat(path)).isSocket()) return false;
  const answer = deferred<boolean>();
  const probe = net.connect({ path });
  probe.once('connect', () => answer.resolve(false));
  probe.once('error', (error) => answer.resolve(systemCodeOf(error) === 'ECONNREFUSED'));
  try {
    return await answer.promise;
  } finally {
    probe.destroy();
  }
}

async function listen(address: TransportAddress, acceptor: StreamAcceptor): Promise<StreamServer> {
  try {
    return await bind(address, acceptor).catch(async (error: unknown) => {
      const isTaken = 'path' in address && systemCodeOf(error) === 'EADDRINUSE';
      if (!isTaken || !(await isStale(address.path))) throw error;
      await unlink(address.path);
      return bind(address, acceptor);
    });
  } catch (cause) {
    throw bindFailed(formatTransportAddress(address), cause);
  }
}

/** TCP and unix sockets, in clear text. */
export const tcpTransport: Transport = { dial, listen };
