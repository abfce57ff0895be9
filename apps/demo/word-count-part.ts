import { randomJobId, type TaskExecutorInfo } from '../../cluster/index.js';
import { availableParallelism } from 'node:os';
import { systemClock } from '../../core/internal.js';
import { roundTo, type WordCountReport, type WordCountRound } from '../report/report-model.js';
import { formatBytes, formatCount, formatMillis, formatWhole } from '../terminal/format.js';
import type { Terminal } from '../terminal/terminal.js';
import type { DemoCluster } from './cluster-part.js';
import { hostEndpoints, type HostedEndpoints } from './host-endpoints.js';
import { describeSkipped, type TextInput } from './input-files.js';
import { unlessInterrupted } from './interrupted.js';
import { type Comparison, compareTables } from './word-count/compare.js';
import {
  type PieceSourceGateway,
  PieceSourceGateway as PieceSourceContract,
  type ShardSummary,
  type WordShardGateway,
  WordShardGateway as WordShardContract,
} from './word-count/contracts.js';
import type { PackedCounts } from './word-count/packed-counts.js';
import { PieceSource } from './word-count/piece-source.js';
import { cutIntoPieces, type Piece } from './word-count/pieces.js';
import { PlainCounter } from './word-count/plain-counter.js';
import type { ReaderResult } from './word-count/read-pieces.js';
import type { ReaderArgument } from './word-count/reader-task.js';
import { compareCounted, type CountedWord } from './word-count/top-words.js';
import { WordShard } from './word-count/word-shard.js';
import { readableWord } from './word-count/words.js';

/** Between two looks at how far the readers are. */
const PROGRESS_MS = { terminal: 100, plain: 1000 } as const;
const TOP_WORDS = 10;
/** Required on two cores. */
const REQUIRED_SPEED_UP = 1.3;
/** Up to here rounds are short, so several are taken and the median told. */
const SHORT_ROUND_BYTES = 128_000_000;
const SHORT_ROUNDS = 6;

/** What the cluster has counted in one round. */
interface ClusterCount {
  readonly clusterMs: number;
  readonly summaries: readonly ShardSummary[];
  readonly readers: readonly ReaderReport[];
}

interface ReaderReport {
  readonly taskExecutor: string;
  readonly bytes: number;
  readonly messages: number;
}

/** Counts the words of the input on the cluster and on one plain thread, and compares. */
export class WordCountPart {
  readonly #terminal: Terminal;
  readonly #demo: DemoCluster;
  readonly #input: TextInput;
  readonly #signal: AbortSignal;
  readonly #pieces: readonly Piece[];
  readonly #rounds: WordCountRound[] = [];
  #last: ClusterCount | undefined;
  #comparison: Comparison | undefined;
  #shards: readonly WordShardGateway[] = [];

  constructor(demo: DemoCluster, terminal: Terminal, input: TextInput, signal: AbortSignal) {
    this.#demo = demo;
    this.#terminal = terminal;
    this.#input = input;
    this.#signal = signal;
    this.#pieces = cutIntoPieces(input.files);
  }

  /** Runs all rounds and prints them; stops with `Interrupted` on Ctrl-C. */
  async run(rounds = this.#input.bytes <= SHORT_ROUND_BYTES ? SHORT_ROUNDS : 1): Promise<void> {
    this.#announce();
    const hosts = this.#demo.taskExecutors;
    const hosted = await this.#hostShards(hosts);
    const plain = new PlainCounter();
    try {
      for (let round = 0; round < rounds; round++) {
        await this.#oneRound(plain, hosted.addresses);
      }
      await this.#compare(plain);
      this.#printResult();
      await hosted.close();
    } finally {
      this.#terminal.progressDone();
      await plain.close();
    }
  }

  /** What is known so far; null before the first round is over. */
  report(): WordCountReport | null {
    const last = this.#last;
    if (!last || this.#rounds.length === 0) return null;
    const counted = withoutWarmUp(this.#rounds);
    const clusterMs = median(counted.map((round) => round.clusterMs));
    const plainMs = median(counted.map((round) => round.plainMs));
    const { bytes, files, binary, unreadable, empty } = this.#input;
    const shardHosts = this.#demo.taskExecutors.map(({ resourceId }) => resourceId);
    return {
      bytes,
      words: last.summaries.reduce((sum, { words }) => sum + words, 0),
      clusterMs: roundTo(clusterMs, 1),
      plainMs: roundTo(plainMs, 1),
      equal: this.#comparison?.equal ?? null,
      speedUp: roundTo(plainMs / clusterMs, 3),
      files: files.length,
      skipped: binary + unreadable + empty,
      distinctWords: last.summaries.reduce((sum, { distinctWords }) => sum + distinctWords, 0),
      rounds: this.#rounds,
      top: topOf(last.summaries).map(([word, count]) => ({ word: readableWord(word), count })),
      shards: last.summaries.map(({ distinctWords }, i) => ({
        taskExecutor: shardHosts[i] ?? '',
        distinctWords,
      })),
      readers: last.readers.map(({ taskExecutor, bytes: read }) => ({ taskExecutor, bytes: read })),
    };
  }

  get isRight(): boolean {
    return this.#comparison?.equal === true;
  }

  #announce(): void {
    const { files, bytes, places, isCut } = this.#input;
    this.#terminal.heading('2. Word count');
    const cut = isCut ? ', and there is more' : '';
    this.#terminal.line(
      `${formatBytes(bytes)} in ${formatWhole(files.length)} files under ${places}${cut}`,
    );
    const skipped = describeSkipped(this.#input);
    if (skipped !== '') this.#terminal.line(this.#terminal.style.yellow(`skipped: ${skipped}`));
  }

  async #hostShards(hosts: readonly TaskExecutorInfo[]): Promise<HostedEndpoints> {
    const source = { name: 'WordShard', module: WordShard.module };
    const hosted = await unlessInterrupted(
      hostEndpoints(this.#demo.cluster, source, hosts),
      this.#signal,
    );
    for (const [i, { resourceId }] of hosts.entries()) this.#demo.runs(resourceId, `shard ${i}`);
    const { rpcService } = this.#demo.cluster;
    this.#shards = await Promise.all(
      hosted.addresses.map((address) => rpcService.connect(address, WordShardContract)),
    );
    return hosted;
  }

  async #oneRound(plain: PlainCounter, shardAddresses: readonly string[]): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.clear()));
    // One after the other: side by side they would share the cores and say nothing.
    const counted = await this.#countOnCluster(shardAddresses);
    this.#terminal.status('the same on one plain thread ...');
    const { plainMs } = await unlessInterrupted(
      plain.count(this.#input.files, this.#signal),
      this.#signal,
    );
    this.#last = counted;
    const { clusterMs } = counted;
    this.#rounds.push({ clusterMs: roundTo(clusterMs, 1), plainMs: roundTo(plainMs, 1) });
    this.#terminal.progressDone();
    const ratio = this.#terminal.style.bold(`${(plainMs / clusterMs).toFixed(2)} x`);
    this.#terminal.line(
      `round ${this.#rounds.length}: cluster ${formatMillis(clusterMs)}, ` +
        `one plain thread ${formatMillis(plainMs)}: ${ratio} as fast`,
    );
  }

  /** From handing in the job until the totals of all shards have been asked for. */
  async #countOnCluster(shards: readonly string[]): Promise<ClusterCount> {
    const { cluster } = this.#demo;
    const onThreads = this.#demo.taskExecutors.filter(({ kind }) => kind === 'thread');
    // As many readers as cores: more would only take turns.
    const readers = onThreads.slice(0, Math.max(1, availableParallelism()));
    const startMs = systemClock.nowMs();
    const server = await cluster.rpcService.startServer(PieceSource, {
      thread: 'home',
      args: [this.#pieces, readers.length],
    });
    await server.start();
    const progress = this.#showProgress(server.getSelfGateway(PieceSourceContract), startMs);
    try {
      const argument: ReaderArgument = { source: server.address, shards };
      const job = {
        jobId: randomJobId(),
        name: 'word count',
        tasks: readers.map(({ resourceId }) => {
          this.#demo.runs(resourceId, 'reader task');
          return readerTask(resourceId, argument);
        }),
      };
      const executed = cluster.executeJob(job, { signal: this.#signal });
      const result = await unlessInterrupted(executed, this.#signal);
      if (result.state !== 'FINISHED') {
        throw new Error(`the word count ended ${result.state}: ${result.error}`);
      }
      const summaries = await Promise.all(this.#shards.map((shard) => shard.summary(TOP_WORDS)));
      const clusterMs = systemClock.nowMs() - startMs;
      const reports = result.tasks.map((task) => {
        const { bytes, messages } = task.result as ReaderResult;
        return { taskExecutor: task.taskExecutor ?? '', bytes, messages };
      });
      return { clusterMs, summaries, readers: reports };
    } finally {
      progress.stop();
      await server.close();
    }
  }

  #showProgress(source: PieceSourceGateway, startMs: number): { stop(): void } {
    const everyMs = this.#terminal.isInteractive ? PROGRESS_MS.terminal : PROGRESS_MS.plain;
    const total = this.#input.bytes;
    const timer = this.#demo.cluster.rpcService.schedule(
      () => {
        source.progress().then(
          (readers) => {
            if (isStopped) return;
            const bytes = readers.reduce((sum, reader) => sum + reader.bytes, 0);
            const words = readers.reduce((sum, reader) => sum + reader.words, 0);
            const elapsedMs = systemClock.nowMs() - startMs;
            this.#terminal.progress(progressLine({ bytes, words, total, elapsedMs }));
          },
          () => {},
        );
      },
      everyMs,
      everyMs,
    );
    let isStopped = false;
    return {
      stop: () => {
        isStopped = true;
        timer.cancel();
        this.#terminal.progressDone();
      },
    };
  }

  async #compare(plain: PlainCounter): Promise<void> {
    const tables = compareTables(plain.pages(this.#signal), shardPages(this.#shards));
    this.#comparison = await unlessInterrupted(tables, this.#signal);
  }

  #printResult(): void {
    const report = this.report()!;
    const { style } = this.#terminal;
    const { words, distinctWords, speedUp, clusterMs, bytes } = report;
    const messages = this.#last!.readers.reduce((sum, reader) => sum + reader.messages, 0);
    this.#terminal.line(
      `${formatWhole(words)} words, ${formatWhole(distinctWords)} different ones; ` +
        `${formatBytes(bytes / (clusterMs / 1000))}/s on the cluster, ` +
        `${messages} messages to ${this.#shards.length} shards`,
    );
    const top = report.top.map(({ word, count }) => `${word} ${formatCount(count)}`).join(', ');
    this.#terminal.line(`most frequent: ${top}`);
    if (this.isRight) this.#terminal.line(style.green('Compared word for word: all counts equal.'));
    else this.#printDifferences();
    const ratio = style.bold(`${speedUp.toFixed(2)} x`);
    const isFast = speedUp >= REQUIRED_SPEED_UP;
    const rounds = withoutWarmUp(report.rounds).length;
    this.#terminal.line(
      `Median of ${rounds}: ${isFast ? style.green(ratio) : style.yellow(ratio)} ` +
        `as fast as one plain thread (required ${REQUIRED_SPEED_UP} x on 2 cores).`,
    );
  }

  #printDifferences(): void {
    this.#terminal.line(this.#terminal.style.red('THE COUNTS DIFFER:'));
    for (const { word, counts } of this.#comparison?.differences ?? []) {
      const [plain, cluster] = counts;
      this.#terminal.line(`  ${readableWord(word)}: plain ${plain}, cluster ${cluster}`);
    }
  }
}

function readerTask(resourceId: string, argument: ReaderArgument) {
  return {
    taskId: `read-${resourceId}`,
    module: new URL('./word-count/reader-task.js', import.meta.url).href,
    exportName: 'readText',
    argument,
    preferredTaskExecutor: resourceId,
  };
}

async function* shardPages(shards: readonly WordShardGateway[]): AsyncGenerator<PackedCounts> {
  for (const shard of shards) {
    for (let index = 0; ; index++) {
      const packed = await shard.page(index);
      if (packed === null) break;
      yield packed;
    }
  }
}

function topOf(summaries: readonly ShardSummary[]): CountedWord[] {
  const all = summaries.flatMap(({ top }) => top);
  return all.sort(compareCounted).slice(0, TOP_WORDS);
}

/** The first of several rounds compiles the code of both sides: it is shown, but not counted. */
function withoutWarmUp(rounds: readonly WordCountRound[]): readonly WordCountRound[] {
  return rounds.length > 1 ? rounds.slice(1) : rounds;
}

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
}

/** `62 %  27.1 MB of 43.6 MB  9.81 M words/s  ETA 190 ms`. */
export function progressLine(facts: {
  readonly bytes: number;
  readonly words: number;
  readonly total: number;
  readonly elapsedMs: number;
}): string {
  const { bytes, words, total, elapsedMs } = facts;
  const share = total === 0 ? 1 : bytes / total;
  const perSecond = elapsedMs <= 0 ? 0 : (words / elapsedMs) * 1000;
  const eta = share <= 0 ? '?' : formatMillis((elapsedMs / share) * (1 - share));
  const percent = `${Math.floor(share * 100)} %`.padStart(5);
  const read = `${formatBytes(bytes)} of ${formatBytes(total)}`;
  return `${percent}  ${read}  ${formatCount(perSecond)} words/s  ETA ${eta}`;
}
