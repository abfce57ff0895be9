import { type AnyGateway, RpcEndpoint, type Serves } from '../../../index.js';
import { type ShardSummary, WordShardGateway } from './contracts.js';
import { packAll, type PackedCounts, unpackCounts } from './packed-counts.js';
import { topWords } from './top-words.js';
import { WordCounts } from './words.js';

/** Sums up the partial counts that readers tell; one of these per shard, each on its own thread. */
export class WordShard extends RpcEndpoint implements Serves<typeof WordShardGateway> {
  static override readonly gateways: readonly AnyGateway[] = [WordShardGateway];
  static override readonly module = import.meta.url;

  readonly #counts = new WordCounts();
  #pages: Generator<PackedCounts> | undefined;

  add(words: string, counts: PackedCounts['counts']): void {
    unpackCounts({ words, counts }, (word, count) => this.#counts.add(word, count));
  }

  flushed(): void {}

  summary(wanted: number): ShardSummary {
    const { words, counts } = this.#counts;
    return { words, distinctWords: counts.size, top: topWords(counts, wanted) };
  }

  page(index: number): PackedCounts | null {
    if (index === 0) this.#pages = packAll(this.#counts.counts);
    return this.#pages?.next().value ?? null;
  }

  clear(): void {
    this.#counts.clear();
    this.#pages = undefined;
  }
}
