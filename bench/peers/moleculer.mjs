import moleculer from 'moleculer';

function broker(nodeID, urls) {
  const options = { udpDiscovery: false, urls };
  return new moleculer.ServiceBroker({
    nodeID,
    logger: false,
    transporter: { type: 'TCP', options },
  });
}

/** Two brokers, its own TCP transporter, JSON. */
export async function serve() {
  const server = broker('server', []);
  server.createService({ name: 'bench', actions: { echo: ({ params }) => params.value } });
  await server.start();
  return { address: `127.0.0.1:${server.transit.tx.opts.port}`, close: () => server.stop() };
}

export async function connect(address) {
  const client = broker('client', [`tcp://${address}/server`]);
  await client.start();
  await client.waitForServices('bench', 15_000, 50);
  return {
    echo: (value) => client.call('bench.echo', { value }),
    echoBytes: null,
    close: () => client.stop(),
  };
}
