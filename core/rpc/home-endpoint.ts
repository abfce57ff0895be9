import type { CellAddress } from '../actor/cell.js';
import type { Placement } from './rpc-service.js';
import type { ServerBook } from './server-book.js';
import type { Directory } from './directory.js';
import { RpcEndpoint } from './endpoint.js';
import type { Serves } from './gateway.js';
import {
  type CreatedEndpoint,
  type EndpointSpec,
  HomeGateway,
  type RemoteRoute,
} from './system-contracts.js';

/** What the home thread does for the others. */
export interface HomeOperations {
  readonly directory: Directory;
  readonly servers: ServerBook;
  startSpec(spec: EndpointSpec, placement: Placement): Promise<CreatedEndpoint>;
  openRoute(address: string, request: Uint8Array, withControl: boolean): Promise<RemoteRoute>;
}

/** What worker threads ask of the home thread. */
export class HomeEndpoint extends RpcEndpoint implements Serves<typeof HomeGateway> {
  static override readonly gateways = [HomeGateway];
  readonly #home: HomeOperations;

  constructor(home: HomeOperations) {
    super();
    this.#home = home;
  }

  startServer(spec: EndpointSpec, placement: Placement): Promise<CreatedEndpoint> {
    return this.#home.startSpec(spec, placement);
  }

  released(endpointId: string, recipient: number, incarnation: number): void {
    this.#home.directory.release(endpointId, { recipient, incarnation });
  }

  setRunning(endpointId: string, recipient: number, incarnation: number, isRunning: boolean): void {
    this.#home.servers.setRunning(endpointId, { recipient, incarnation }, isRunning);
  }

  lifeAfter(
    endpointId: string,
    first: CellAddress,
    known: CellAddress,
  ): Promise<CreatedEndpoint | null> {
    return this.#home.servers.find(endpointId, first).lifeAfter(known);
  }

  openRoute(address: string, request: Uint8Array, withControl: boolean): Promise<RemoteRoute> {
    return this.#home.openRoute(address, request, withControl);
  }
}
