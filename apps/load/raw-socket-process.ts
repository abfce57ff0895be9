/** The other side of the raw socket measurement: sends back the bytes that come. */
import { type AddressInfo, createServer } from 'node:net';

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('data', (bytes) => void socket.write(bytes));
  socket.on('error', () => socket.destroy());
});
server.listen(0, '127.0.0.1', () => {
  process.send!({ port: (server.address() as AddressInfo).port });
});
process.once('disconnect', () => process.exit());
/** Ctrl-C reaches the whole group of processes; the parent says when we end. */
process.on('SIGINT', () => {});
