import { workerData } from 'node:worker_threads';
import { openRegion } from '../../core/memory/region-descriptor.js';
import { ParkWord } from '../../core/memory/park-word.js';
import { ThreadLives } from '../../core/memory/thread-lives.js';
import { defineGateway, type GatewayOf, RpcEndpoint, tell } from '../../index.js';

export const OwingGateway = defineGateway('test.Owing', {
  /** Ends its thread between taking the park word of another thread and ringing it. */
  dieOwing: tell<[thread: number]>(),
});
export type OwingGateway = GatewayOf<typeof OwingGateway>;

interface Birth {
  readonly ringlaneBirth: { readonly region: SharedArrayBuffer };
}

export class Owing extends RpcEndpoint {
  static override readonly gateways = [OwingGateway];
  static override readonly module: string = import.meta.url;

  dieOwing(thread: number): void {
    const { ringlaneBirth } = workerData as Birth;
    const region = openRegion(ringlaneBirth.region);
    const park = new ParkWord(region, thread, new ThreadLives(region).current(thread));
    // As a writer that has published does it, without the bell that follows.
    while (!park.mustRing());
    process.exit(4);
  }
}
