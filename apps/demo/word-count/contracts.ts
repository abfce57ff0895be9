import { ask, defineGateway, type GatewayOf, tell } from '../../../index.js';
import type { PackedCounts } from './packed-counts.js';
import type { Piece } from './pieces.js';

/** How far a reader is, as it says with every request. */
export interface ReaderProgress {
  readonly reader: string;
  readonly bytes: number;
  readonly words: number;
}

/** Hands out the text piece by piece, so that a fast reader reads more than a slow one. */
export const PieceSourceGateway = defineGateway('ringlane.demo.PieceSource', {
  /** The next pieces for a reader; none when all are given out. */
  next: ask<[progress: ReaderProgress], readonly Piece[]>(),
  /** How far all readers are. */
  progress: ask<[], readonly ReaderProgress[]>(),
});
export type PieceSourceGateway = GatewayOf<typeof PieceSourceGateway>;

/** What a shard knows when all readers are done. */
export interface ShardSummary {
  readonly words: number;
  readonly distinctWords: number;
  readonly top: readonly (readonly [word: string, count: number])[];
}

/** Holds the final counts of the words whose hash falls to it. */
export const WordShardGateway = defineGateway('ringlane.demo.WordShard', {
  add: tell<[words: string, counts: PackedCounts['counts']]>(),
  /** Answers once everything that the same caller told before is counted. */
  flushed: ask<[], void>(),
  summary: ask<[topWords: number], ShardSummary>(),
  /** The whole table, message by message; none when there are no more. */
  page: ask<[index: number], PackedCounts | null>(),
  clear: ask<[], void>(),
});
export type WordShardGateway = GatewayOf<typeof WordShardGateway>;
