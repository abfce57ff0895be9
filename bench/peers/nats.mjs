import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as dial, JSONCodec } from 'nats';

/** Its server is a program of its own. */
export function absence() {
  const { error } = spawnSync('nats-server', ['--version']);
  return error === undefined ? undefined : 'no nats-server on this machine';
}

const json = JSONCodec();

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function dialSoon(servers) {
  for (let attempt = 0; ; attempt++) {
    try {
      return await dial({ servers });
    } catch (error) {
      if (attempt === 50) throw error;
      await sleep(50);
    }
  }
}

async function answer(messages, reply) {
  for await (const message of messages) message.respond(reply(message.data));
}

/** Request and reply through a broker on the same machine; one more hop than all others. */
export async function serve() {
  const port = await freePort();
  const broker = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  const address = `127.0.0.1:${port}`;
  const connection = await dialSoon(address);
  void answer(connection.subscribe('json'), (data) => json.encode(json.decode(data)));
  void answer(connection.subscribe('bytes'), (data) => data);
  return {
    address,
    async close() {
      await connection.drain();
      broker.kill();
    },
  };
}

export async function connect(address) {
  const connection = await dialSoon(address);
  const options = { timeout: 10_000 };
  return {
    echo: async (value) =>
      json.decode((await connection.request('json', json.encode(value), options)).data),
    echoBytes: async (value) => (await connection.request('bytes', value, options)).data,
    close: () => connection.drain(),
  };
}
