import { RpcEndpoint, type Serves } from '../index.js';
import { EventCollectorGateway } from './gateways.js';
import type { ClusterEvent } from './messages.js';

/** Hears the steps of every component and hands them on, on the home thread of a MiniCluster. */
export class EventCollector extends RpcEndpoint implements Serves<typeof EventCollectorGateway> {
  static override readonly gateways = [EventCollectorGateway];
  readonly #sink: (event: ClusterEvent) => void;

  constructor(sink: (event: ClusterEvent) => void) {
    super();
    this.#sink = sink;
  }

  report(event: ClusterEvent): void {
    this.#sink(event);
  }
}
