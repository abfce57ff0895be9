import { type Placement, RpcService } from '../../index.js';
import type { Cell } from '../harness/cell.js';
import { PeerProcess } from '../harness/peer-process.js';
import { BenchGateway } from './bench-endpoint.js';
import type { GatewayCell } from './questions.js';

/**
 * The caller on the home thread of this process, the endpoint in another one over TCP loopback: on
 * its home thread, or on a worker thread behind it.
 */
export function betweenProcesses(cell: GatewayCell, placement: Placement): Cell {
  return async (budget) => {
    const entry = new URL('./endpoint-process.js', import.meta.url);
    const peer = await PeerProcess.start(entry, [String(placement)]);
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
