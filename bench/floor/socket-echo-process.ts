import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { servePeer } from '../harness/peer-process.js';
import { FramedSocket } from './framed-socket.js';
import type { EchoKind } from './socket-echo.js';

/** The other end of `FrameEcho` and `BytesEcho`. */
const kind = process.argv[2] as EchoKind;
const sockets = new Set<Socket>();

function echoFrames(socket: Socket): void {
  const frames: FramedSocket = new FramedSocket(socket, (call, value) => frames.write(call, value));
}

function echoBytes(socket: Socket): void {
  socket.setNoDelay(true);
  socket.pipe(socket);
}

const server = createServer((socket) => {
  sockets.add(socket);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => sockets.delete(socket));
  if (kind === 'bytes') echoBytes(socket);
  else echoFrames(socket);
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');

servePeer(String((server.address() as AddressInfo).port), async () => {
  for (const socket of sockets) socket.destroy();
  server.close();
  await once(server, 'close');
});
