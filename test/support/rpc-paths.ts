import { RpcService, type RpcServiceOptions } from '../../index.js';
import { Calls } from './rpc-call-fixtures.js';
import { Coded, Tables } from './rpc-codec-fixtures.js';
import { DriverGateway } from './rpc-contracts.js';
import { Driver, FencedProbe, Probe } from './rpc-fixtures.js';
import { Election, Leader } from './rpc-leader-fixtures.js';
import type { Target } from './rpc-contracts.js';
import { Gate, Serial } from './rpc-serial-fixtures.js';
import { FENCING_TOKEN, SCENARIOS } from './rpc-scenarios.js';

type Place = 'home' | 0 | 1;

/** One way from a caller to an endpoint. */
export interface Path {
  readonly name: string;
  readonly from: Place;
  readonly to: Place;
  /** True: the endpoint lives in another service and is reached by frames. */
  readonly isRemote: boolean;
}

export const PATHS: readonly Path[] = [
  { name: 'same thread at home', from: 'home', to: 'home', isRemote: false },
  { name: 'same worker thread', from: 0, to: 0, isRemote: false },
  { name: 'home to worker', from: 'home', to: 0, isRemote: false },
  { name: 'worker to home', from: 0, to: 'home', isRemote: false },
  { name: 'worker to worker', from: 0, to: 1, isRemote: false },
  { name: 'home to home over TCP', from: 'home', to: 'home', isRemote: true },
  { name: 'home to worker over TCP', from: 'home', to: 0, isRemote: true },
  { name: 'worker to worker over TCP', from: 0, to: 0, isRemote: true },
];

/** Two services in one process, with a probe everywhere: all paths there are. */
export class Paths {
  readonly near: RpcService;
  readonly far: RpcService;

  private constructor(near: RpcService, far: RpcService) {
    this.near = near;
    this.far = far;
  }

  static async start(options: RpcServiceOptions = {}): Promise<Paths> {
    const near = await RpcService.start({ systemName: 'near', threads: 2, ...options });
    const far = await RpcService.start({
      systemName: 'far',
      threads: 1,
      listen: { port: 0 },
      ...options,
    });
    const paths = new Paths(near, far);
    await Promise.all([
      ...(['home', 0, 1] as const).map((thread) => paths.#furnish(near, thread)),
      ...(['home', 0] as const).map((thread) => paths.#furnish(far, thread)),
    ]);
    return paths;
  }

  /** Runs a scenario from the caller's place of a path; fails with its failure. */
  async run(path: Path, scenario: string): Promise<void> {
    const service = path.isRemote ? this.far : this.near;
    const target: Target = {
      probe: service.addressOf(`probe_${path.to}`),
      fenced: service.addressOf(`fenced_${path.to}`),
      isRemote: path.isRemote,
      isSameThread: !path.isRemote && path.from === path.to,
    };
    if (path.from === 'home') return void (await SCENARIOS[scenario]!(this.near, target));
    const address = this.near.addressOf(`driver_${path.from}`);
    await (await this.near.connect(address, DriverGateway)).run(scenario, target);
  }

  async close(): Promise<void> {
    await Promise.all([this.near.close(), this.far.close()]);
  }

  async #furnish(service: RpcService, thread: Place): Promise<void> {
    const servers = await Promise.all([
      service.startServer(Probe, { endpointId: `probe_${thread}`, thread }),
      service.startServer(Calls, { endpointId: `calls_${thread}`, thread }),
      service.startServer(Coded, { endpointId: `coded_${thread}`, thread }),
      service.startServer(Tables, { endpointId: `tables_${thread}`, thread }),
      service.startServer(Serial, { endpointId: `serial_${thread}`, thread }),
      service.startServer(Gate, { endpointId: `gate_${thread}`, thread }),
      service.startServer(Driver, { endpointId: `driver_${thread}`, thread }),
      service.startServer(FencedProbe, {
        endpointId: `fenced_${thread}`,
        thread,
        args: [FENCING_TOKEN],
      }),
      service.startServer(Leader, { endpointId: `leader_${thread}`, thread, args: [null] }),
      service.startServer(Election, { endpointId: `election_${thread}`, thread }),
    ]);
    await Promise.all(servers.map((server) => server.start()));
  }
}
