import { RpcService } from '../../index.js';
import type { Cell } from '../harness/cell.js';
import { PeerProcess } from '../harness/peer-process.js';
import { BenchGateway } from './bench-endpoint.js';
import type { GatewayCell } from './questions.js';

/** Where the endpoint of the other process lives, and how that process is reached. */
export type FarPlace = 'home' | 'worker' | 'unix-socket';

/**
 * The caller on the home thread of this process, the endpoint in another one: on its home thread
 * over TCP loopback or a unix socket, or over TCP on a worker thread behind it.
 */
export function betweenProcesses(cell: GatewayCell, place: FarPlace): Cell {
  return async (budget) => {
    const entry = new URL('./endpoint-process.js', import.meta.url);
    const peer = await PeerProcess.start(entry, [place]);
    try {
      const service = await RpcService.start({ threads: 0, systemName: 'caller' });
      try {
        const gateway = await service.connect(peer.address, BenchGateway);
        return await cell(gateway, budget, () => peer.cpuUs());
      } finally {
        await service.close();
      }
    } finally {
      await peer.close();
    }
  };
}
