import { equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { createLane } from '../../../core/memory/lane-descriptor.js';
import { createRegion } from '../../../core/memory/region-descriptor.js';
import type { ParkJob, ParkPeer, ParkReport } from './park-worker.js';
import { runWorkers } from './worker-run.js';

const ENTRY = new URL('./park-worker.js', import.meta.url);
const HUB = 0;

/** Both ends of the link between the hub and one client. */
function link(client: number): { readonly hub: ParkPeer; readonly client: ParkPeer } {
  const up = createLane({ producer: client, consumer: HUB }, 256, 2 ** 31 - 64);
  const down = createLane({ producer: HUB, consumer: client }, 256, 2 ** 32 - 64);
  const { port1, port2 } = new MessageChannel();
  return {
    hub: { thread: client, laneIn: up, laneOut: down, bell: port1 },
    client: { thread: HUB, laneIn: down, laneOut: up, bell: port2 },
  };
}

/** A hub and its clients; the hub's report comes first. */
async function pingPong(clients: number, rounds: number): Promise<ParkReport[]> {
  const region = createRegion(clients + 1).buffer;
  const links = Array.from({ length: clients }, (_, index) => link(index + 1));
  const job = (thread: number, peers: readonly ParkPeer[]): ParkJob => ({
    thread,
    region,
    peers,
    rounds,
    isHub: thread === HUB,
    seed: (Math.random() * 2 ** 31) | 0,
  });
  const hub = job(
    HUB,
    links.map((each) => each.hub),
  );
  const jobs = [hub, ...links.map((each, index) => job(index + 1, [each.client]))];
  return runWorkers<ParkReport>(
    ENTRY,
    jobs.map((data) => ({ data, transfer: bellsOf(data) })),
  );
}

function bellsOf(job: ParkJob): MessagePort[] {
  return job.peers.map((peer) => peer.bell);
}

function judge(reports: readonly ParkReport[], clients: number, rounds: number): void {
  for (const [thread, report] of reports.entries()) {
    const name = `thread ${thread}: ${JSON.stringify(report)}`;
    equal(report.rescued, 0, `the safety net had to wake ${name}`);
    equal(report.records, thread === HUB ? clients * rounds : rounds, name);
    ok(report.parks > 0 && report.blocks > 0, `the stress never slept: ${name}`);
  }
  const rings = reports.reduce((sum, report) => sum + report.rings, 0);
  const bells = reports.reduce((sum, report) => sum + report.bells, 0);
  const parks = reports.reduce((sum, report) => sum + report.parks, 0);
  ok(rings <= parks, `${rings} rings for ${parks} parks`);
  ok(bells <= rings, `${bells} bells came of ${rings} rings`);
}

for (const [clients, rounds] of [
  [1, 50_000],
  [2, 20_000],
] as const) {
  const messages = 2 * clients * rounds;
  const threads = clients + 1;
  test(`${messages} messages between ${threads} threads that sleep lose none`, async (t) => {
    const reports = await pingPong(clients, rounds);
    judge(reports, clients, rounds);
    for (const report of reports) t.diagnostic(JSON.stringify(report));
  });
}
