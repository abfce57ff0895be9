import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { credentials, loadPackageDefinition, Server, ServerCredentials } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const proto = fileURLToPath(new URL('./echo.proto', import.meta.url));
const { bench } = loadPackageDefinition(loadSync(proto));
const answer = (call, reply) => reply(null, call.request);

/** Unary calls. */
export async function serve() {
  const server = new Server();
  const handlers = { echoNumber: answer, echoRecord: answer, echoBytes: answer };
  server.addService(bench.Echo.service, handlers);
  const bind = promisify(server.bindAsync.bind(server));
  const port = await bind('127.0.0.1:0', ServerCredentials.createInsecure());
  return { address: `127.0.0.1:${port}`, close: promisify(server.tryShutdown.bind(server)) };
}

export async function connect(address) {
  const client = new bench.Echo(address, credentials.createInsecure());
  const echoNumber = promisify(client.echoNumber.bind(client));
  const echoRecord = promisify(client.echoRecord.bind(client));
  const echoBytes = promisify(client.echoBytes.bind(client));
  return {
    echo: async (value) => (await echoNumber({ value })).value,
    echoRecord,
    echoBytes: async (value) => (await echoBytes({ value })).value,
    close: async () => client.close(),
  };
}
