// Two processes: the same endpoint class on a thread of this one and in a child over TCP.
// Run it: npm run build && node dist/examples/two-processes/main.js
// At the end the child is killed while a call is under way: PEER_LOST, effect unknown.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type GatewayOf, isRpcError, RpcService } from 'ringlane';
import { Counter, CounterGateway } from './counter.js';

/** Works with a counter without knowing where it lives. */
async function use(where: string, counter: GatewayOf<typeof CounterGateway>): Promise<void> {
  counter.reset();
  const sums = await Promise.all([counter.add(1), counter.add(2), counter.add(3)]);
  const isHere = (await counter.pid()) === process.pid;
  console.log(`${where}: ${sums.join(' ')}, ${isHere ? 'this process' : 'another process'}`);
}

/** Shows what a failed call says about itself. */
async function failure(what: string, call: Promise<unknown>): Promise<void> {
  const error: unknown = await call.catch((thrown: unknown) => thrown);
  console.log(`${what}: ${isRpcError(error) ? `${error.code}, effect ${error.effect}` : error}`);
}

async function startChild(): Promise<{ child: ChildProcess; address: string }> {
  const child = fork(fileURLToPath(new URL('./child.js', import.meta.url)));
  const [address] = (await once(child, 'message')) as [string];
  return { child, address };
}

await using service = await RpcService.start({ threads: 1 });
const here = await service.startServer(Counter, { endpointId: 'counter' });
await here.start();
await use('thread', await service.connect(here.address, CounterGateway));

const { child, address } = await startChild();
const remote = await service.connect(address, CounterGateway);
await use('tcp', remote);

const underWay = remote.slowly(60_000);
await remote.pid(); // calls keep their order: the slow one has arrived
child.kill('SIGKILL');
await failure('call under way', underWay);
await failure('next call', remote.add(1));
await failure('connect', service.connect(address, CounterGateway));
