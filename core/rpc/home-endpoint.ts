import type { CellAddress } from '../actor/cell.js';
import { decodeFailure } from '../codec/failure-codec.js';
import type { Placement } from './rpc-service.js';
import type { ServerBook, ServerRecord } from './server-book.js';
import { RpcEndpoint } from './endpoint.js';
import type { Serves } from './gateway.js';
import {
  type CreatedEndpoint,
  type EndNotice,
  type EndpointSpec,
  HomeGateway,
  type RemoteRoute,
} from './system-contracts.js';

/** What the home thread does for the others. */
export interface HomeOperations {
  readonly servers: ServerBook;
  /** Frees the id of an endpoint that has ended, and ends its server: with `error`, or well. */
  endpointEnded(endpointId: string, at: CellAddress, error: unknown): void;
  startSpec(spec: EndpointSpec, placement: Placement): Promise<ServerRecord>;
  openRoute(address: string, request: Uint8Array, withControl: boolean): Promise<RemoteRoute>;
  giveBackRoute(route: CellAddress): void;
  whenRoom(route: CellAddress): Promise<void>;
}

/** What worker threads ask of the home thread. */
export class HomeEndpoint extends RpcEndpoint implements Serves<typeof HomeGateway> {
  static override readonly gateways = [HomeGateway];
  readonly #home: HomeOperations;

  constructor(home: HomeOperations) {
    super();
    this.#home = home;
  }

  async startServer(spec: EndpointSpec, placement: Placement): Promise<CreatedEndpoint> {
    return (await this.#home.startSpec(spec, placement)).created;
  }

  /** At once, not after an await: a thread that dies next is taken at its word. */
  ended(ends: readonly EndNotice[]): void {
    for (const { endpointId, recipient, incarnation, failure } of ends) {
      const error = failure === null ? undefined : decodeFailure(failure);
      this.#home.endpointEnded(endpointId, { recipient, incarnation }, error);
    }
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

  giveBackRoute(recipient: number, incarnation: number): void {
    this.#home.giveBackRoute({ recipient, incarnation });
  }

  whenRoom(recipient: number, incarnation: number): Promise<void> {
    return this.#home.whenRoom({ recipient, incarnation });
  }
}
