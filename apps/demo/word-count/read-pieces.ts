import { ready } from '../../../index.js';
import type { PieceSourceGateway, WordShardGateway } from './contracts.js';
import { dealToShards } from './packed-counts.js';
import { type Piece, readPiece } from './pieces.js';
import { WordCounts } from './words.js';

/** Where a reader gets its text and where its counts go. */
export interface ReaderPorts {
  readonly reader: string;
  readonly source: PieceSourceGateway;
  readonly shards: readonly WordShardGateway[];
  /** Ends the reading early, by throwing its reason. */
  readonly signal: AbortSignal;
}

/** What a reader has done. */
export interface ReaderResult {
  readonly bytes: number;
  readonly words: number;
  readonly messages: number;
}

/** More words are told to the shards before reading on: the bound on a reader's memory. */
const DISTINCT_WORDS_MAX = 500_000;

/**
 * Counts pieces into a Map of its own until there are none, then tells the partial counts to the
 * shards: what travels is one entry a distinct word, not one a word.
 */
export async function readPieces(ports: ReaderPorts): Promise<ReaderResult> {
  const { reader, source, shards, signal } = ports;
  const counts = new WordCounts();
  let bytes = 0;
  let words = 0;
  let messages = 0;
  const tellShards = async (): Promise<void> => {
    for (const [shard, packed] of dealToShards(counts, shards.length)) {
      const gateway = shards[shard]!;
      gateway.add(packed.words, packed.counts);
      messages++;
      await ready(gateway);
      signal.throwIfAborted();
    }
    words += counts.words;
    counts.clear();
  };
  const ask = (): Promise<readonly Piece[]> =>
    source.next({ reader, bytes, words: words + counts.words });
  let upcoming = ask();
  for (;;) {
    const pieces = await upcoming;
    signal.throwIfAborted();
    if (pieces.length === 0) break;
    // Asked for before counting: the answer is there when this helping is done.
    upcoming = ask();
    for (const piece of pieces) {
      counts.addText(readPiece(piece));
      bytes += piece.endBytes - piece.startBytes;
    }
    if (counts.counts.size > DISTINCT_WORDS_MAX) await tellShards();
  }
  await tellShards();
  // Behind all tells of this thread: once answered, the shard has counted them.
  await Promise.all(shards.map((shard) => shard.flushed()));
  return { bytes, words, messages };
}
