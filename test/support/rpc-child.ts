import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type RpcError, RpcService } from '../../index.js';
import { ProbeGateway } from './rpc-contracts.js';
import { Probe } from './rpc-fixtures.js';

/** A service with a probe in a process of its own; argument: what the process is to do. */
export async function startChild(role: string): Promise<ChildProcess> {
  return fork(new URL('./rpc-child.js', import.meta.url), [role], { stdio: 'inherit' });
}

/** The first message of a child: the address of its probe. */
export async function addressFrom(child: ChildProcess): Promise<string> {
  const [address] = (await once(child, 'message')) as [string];
  return address;
}

const ROLES: Record<string, () => Promise<void>> = {
  /** Serves until it is killed. */
  async serve() {
    const service = await RpcService.start({
      systemName: 'child',
      threads: 1,
      listen: { port: 0 },
    });
    const server = await service.startServer(Probe, { endpointId: 'probe', thread: 0 });
    await server.start();
    process.send!(server.address);
  },

  /** Does a bit of everything, closes, and must end by itself. */
  async close() {
    const service = await RpcService.start({ threads: 2, listen: { port: 0 } });
    const other = await RpcService.start({ systemName: 'other', threads: 1 });
    for (const thread of ['home', 0, 1] as const) {
      const server = await service.startServer(Probe, { thread });
      await server.start();
      const near = await service.connect(server.address, ProbeGateway);
      const far = await other.connect(server.address, ProbeGateway);
      await Promise.all([near.add(1, 2), far.add(1, 2)]);
      near.never().catch(() => {});
      far.never().catch(() => {});
    }
    service.schedule(() => {}, 3_600_000);
    service.schedule(() => {}, 3_600_000, 1000);
    await Promise.all([service.close(), other.close()]);
    process.disconnect();
  },

  /** A start that fails must leave nothing open either. */
  async failedStart() {
    const first = await RpcService.start({ threads: 0, listen: { port: 0 } });
    await RpcService.start({ threads: 2, listen: { port: first.port } }).then(
      () => process.send!('started'),
      (error: unknown) => process.send!((error as RpcError).code),
    );
    await first.close();
    process.disconnect();
  },
};

if (process.argv[1]?.endsWith('rpc-child.js')) await ROLES[process.argv[2]!]!();
