import { Echo, EchoGateway } from '../load/echo.js';
import { echoAsks, echoTells } from '../load/endpoint-targets.js';
import type { LoadOptions, LoadResult } from '../load/load-model.js';
import { openRawMessages, openRawSocket, type RawTarget } from '../load/raw-targets.js';
import { runLoad, runTellLoad } from '../load/run-load.js';
import { type LoadReport, loadReport, type ReportPath } from '../report/report-model.js';
import { formatCount, formatMicros } from '../terminal/format.js';
import { type Column, tableLines } from '../terminal/table.js';
import type { Terminal } from '../terminal/terminal.js';
import type { DemoCluster } from './cluster-part.js';
import { hostEndpoints } from './host-endpoints.js';
import { throwIfInterrupted, unlessInterrupted } from './interrupted.js';

/** One at a time for latency, many for throughput. */
const IN_FLIGHT = { one: 1, many: 256 } as const;
/** Share of a row's time that goes before it as warm-up. */
const WARMUP_SHARE = 0.25;
const DRAIN_MS = 5_000;

const COLUMNS: readonly Column[] = [
  { title: 'call' },
  { title: 'in flight', align: 'right' },
  { title: 'calls/s', align: 'right' },
  { title: 'p50', align: 'right' },
  { title: 'p99', align: 'right' },
  { title: 'p99.9', align: 'right' },
  { title: 'CPU/call', align: 'right' },
  { title: 'verified' },
];

const NAMES = {
  ask: 'ask',
  tell: 'tell',
  rawPostMessage: 'raw postMessage',
  rawSocket: 'raw socket',
} as const satisfies Record<LoadReport['kind'], string>;

/** Measures asks and tells on the cluster, beside what threads and sockets do by themselves. */
export class LoadPart {
  readonly #terminal: Terminal;
  readonly #demo: DemoCluster;
  readonly #signal: AbortSignal;
  readonly #loadMs: number;
  readonly #rows: LoadReport[] = [];

  constructor(demo: DemoCluster, terminal: Terminal, loadMs: number, signal: AbortSignal) {
    this.#demo = demo;
    this.#terminal = terminal;
    this.#loadMs = loadMs;
    this.#signal = signal;
  }

  /** Runs all rows; those measured before Ctrl-C stay. */
  async run(): Promise<void> {
    this.#terminal.heading('3. Load test on the same cluster');
    const members = this.#demo.taskExecutors;
    const onThread = members.find(({ kind }) => kind === 'thread')!;
    const inProcess = members.find(({ kind }) => kind === 'process')!;
    const source = { name: Echo.name, module: Echo.module };
    const hosted = await unlessInterrupted(
      hostEndpoints(this.#demo.cluster, source, [onThread, inProcess]),
      this.#signal,
    );
    for (const { resourceId } of [onThread, inProcess]) this.#demo.runs(resourceId, 'echo');
    const paths: readonly (readonly [ReportPath, LoadReport['kind'], () => Promise<RawTarget>])[] =
      [
        ['thread', 'rawPostMessage', openRawMessages],
        ['tcp', 'rawSocket', openRawSocket],
      ];
    for (const [i, [path, rawKind, openRaw]] of paths.entries()) {
      await this.#measurePath(path, hosted.addresses[i]!, rawKind, openRaw);
    }
    this.#printTable();
    await hosted.close();
  }

  get rows(): readonly LoadReport[] {
    return this.#rows;
  }

  get isRight(): boolean {
    return this.#rows.every((row) => row.verified);
  }

  async #measurePath(
    path: ReportPath,
    address: string,
    rawKind: LoadReport['kind'],
    openRaw: () => Promise<RawTarget>,
  ): Promise<void> {
    const gateway = await this.#demo.cluster.rpcService.connect(address, EchoGateway);
    const asks = echoAsks(gateway, 0);
    const raw = await openRaw();
    try {
      for (const inFlight of [IN_FLIGHT.one, IN_FLIGHT.many]) {
        await this.#row({ path, kind: rawKind, inFlight }, (load) => runLoad(load, raw));
        await this.#row({ path, kind: 'ask', inFlight }, (load) => runLoad(load, asks));
      }
    } finally {
      await raw.close();
    }
    const tells = echoTells(gateway, 0);
    const row = { path, kind: 'tell', inFlight: IN_FLIGHT.many } as const;
    await this.#row(row, (load) => runTellLoad(load, tells));
  }

  async #row(
    row: Pick<LoadReport, 'path' | 'kind' | 'inFlight'>,
    measure: (load: LoadOptions) => Promise<LoadResult>,
  ): Promise<void> {
    throwIfInterrupted(this.#signal);
    this.#terminal.status(`measuring ${describeRow(row)} ...`);
    const result = await measure({
      inFlight: row.inFlight,
      durationMs: this.#loadMs,
      warmupMs: this.#loadMs * WARMUP_SHARE,
      drainMs: DRAIN_MS,
      signal: this.#signal,
    });
    this.#terminal.progressDone();
    if (result.calls > 0) this.#rows.push(loadReport(row, result));
    throwIfInterrupted(this.#signal);
  }

  #printTable(): void {
    const { style } = this.#terminal;
    const cells = this.#rows.map((row) => [
      `${NAMES[row.kind]}, ${WHERE[row.path]}`,
      row.kind === 'tell' ? '-' : String(row.inFlight),
      formatCount(row.callsPerSecond),
      formatMicros(row.p50Us),
      formatMicros(row.p99Us),
      formatMicros(row.p999Us),
      `${row.cpuUsPerCall.toFixed(2)} us`,
      row.verified ? style.green('yes') : style.red('NO'),
    ]);
    for (const line of tableLines(COLUMNS, cells)) this.#terminal.line(line);
    this.#terminal.line(style.dim('One caller, the home thread; CPU is that of its process.'));
    this.#terminal.line(
      style.dim('Latency of a tell: its way to the endpoint, behind a queue that is kept full.'),
    );
  }
}

const WHERE: Readonly<Record<ReportPath, string>> = {
  thread: 'other thread',
  tcp: 'other process (TCP)',
};

function describeRow(row: Pick<LoadReport, 'path' | 'kind' | 'inFlight'>): string {
  const inFlight = row.kind === 'tell' ? '' : `, ${row.inFlight} in flight`;
  return `${NAMES[row.kind]}, ${WHERE[row.path]}${inFlight}`;
}
