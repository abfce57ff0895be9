import { shardOf, type WordCounts } from './words.js';

/** Words and their counts as they travel: two flat values, whatever the number of words. */
export interface PackedCounts {
  /** The words, one a line; no word holds a line end. */
  readonly words: string;
  readonly counts: Uint32Array | Float64Array;
}

/** Words of one message: enough to make its cost vanish, few enough to stay inside the lane. */
const WORDS_PER_MESSAGE = 4096;
/** A message ends early at this length; a single longer word still travels whole. */
const MESSAGE_LENGTH = 32 * 1024;
/** Counts above need more than the 32 bits that they have as a rule. */
const COUNT_32_BITS_MAX = 2 ** 32 - 1;

/** Collects words for one shard until a message is full. */
export class PackedCountsBuilder {
  #words: string[] = [];
  #counts: number[] = [];
  #length = 0;
  #largest = 0;

  get isEmpty(): boolean {
    return this.#words.length === 0;
  }

  /** Adds a word; true when it is time to {@link take} the message. */
  add(word: string, count: number): boolean {
    this.#words.push(word);
    this.#counts.push(count);
    if (count > this.#largest) this.#largest = count;
    this.#length += word.length + 1;
    return this.#words.length === WORDS_PER_MESSAGE || this.#length >= MESSAGE_LENGTH;
  }

  /** The message; the builder is empty afterwards. */
  take(): PackedCounts {
    const isSmall = this.#largest <= COUNT_32_BITS_MAX;
    const counts = new (isSmall ? Uint32Array : Float64Array)(this.#counts);
    const packed = { words: this.#words.join('\n'), counts };
    this.#words = [];
    this.#counts = [];
    this.#length = this.#largest = 0;
    return packed;
  }
}

/** Calls `visit` with every word of a message. */
export function unpackCounts(
  packed: PackedCounts,
  visit: (word: string, count: number) => void,
): void {
  if (packed.counts.length === 0) return;
  const words = packed.words.split('\n');
  for (let i = 0; i < words.length; i++) visit(words[i]!, packed.counts[i]!);
}

/** A message and the shard that it is for. */
export type ShardMessage = readonly [shard: number, packed: PackedCounts];

/** Deals the counts to `shards`, as messages. */
export function dealToShards(counts: WordCounts, shards: number): ShardMessage[] {
  const builders = Array.from({ length: shards }, () => new PackedCountsBuilder());
  const messages: ShardMessage[] = [];
  counts.counts.forEach((count, word) => {
    const shard = shardOf(word, shards);
    const builder = builders[shard]!;
    if (builder.add(word, count)) messages.push([shard, builder.take()]);
  });
  for (const [shard, builder] of builders.entries()) {
    if (!builder.isEmpty) messages.push([shard, builder.take()]);
  }
  return messages;
}

/** Messages over all words, for whoever wants a whole table. */
export function* packAll(counts: Iterable<readonly [string, number]>): Generator<PackedCounts> {
  const builder = new PackedCountsBuilder();
  for (const [word, count] of counts) if (builder.add(word, count)) yield builder.take();
  if (!builder.isEmpty) yield builder.take();
}
