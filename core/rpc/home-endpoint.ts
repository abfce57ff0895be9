import { RpcEndpoint } from './endpoint.js';
import type { Serves } from './gateway.js';
import type { Home } from './home.js';
import {
  type CreatedEndpoint,
  type EndpointSpec,
  HomeGateway,
  type Placement,
  type RemoteRoute,
} from './system-contracts.js';

/** What worker threads ask of the home thread. */
export class HomeEndpoint extends RpcEndpoint implements Serves<typeof HomeGateway> {
  static override readonly gateways = [HomeGateway];
  readonly #home: Home;

  constructor(home: Home) {
    super();
    this.#home = home;
  }

  startServer(spec: EndpointSpec, placement: Placement): Promise<CreatedEndpoint> {
    return this.#home.startSpec(spec, placement);
  }

  released(endpointId: string, recipient: number, incarnation: number): void {
    this.#home.directory.release(endpointId, { recipient, incarnation });
  }

  openRoute(address: string, request: Uint8Array): Promise<RemoteRoute> {
    return this.#home.openRoute(address, request);
  }
}
