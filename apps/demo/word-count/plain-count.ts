/**
 * The plain count that the cluster is compared with: one thread, whole files, one Map, the same
 * function over the text. It has a thread of its own, so that the home thread stays free.
 */
import { parentPort } from 'node:worker_threads';
import { systemClock } from '../../../core/internal.js';
import { packAll, type PackedCounts } from './packed-counts.js';
import { cutIntoPieces, type InputFile, PIECE_BYTES, readPiece } from './pieces.js';
import { WordCounts } from './words.js';

/** What the plain counter answers. */
export type PlainAnswer =
  | { readonly kind: 'counted'; readonly plainMs: number; readonly words: number }
  | { readonly kind: 'page'; readonly packed: PackedCounts | null };

/** What it is told: count, then hand out the table page by page. */
export type PlainOrder =
  | { readonly kind: 'count'; readonly files: readonly InputFile[] }
  | { readonly kind: 'page' };

/** Larger files cannot be one string. */
const WHOLE_FILE_BYTES_MAX = 256 * 1024 * 1024;

function count(files: readonly InputFile[]): WordCounts {
  const counts = new WordCounts();
  for (const file of files) {
    const pieceBytes = file.sizeBytes <= WHOLE_FILE_BYTES_MAX ? file.sizeBytes : PIECE_BYTES;
    for (const piece of cutIntoPieces([file], pieceBytes)) counts.addText(readPiece(piece));
  }
  return counts;
}

let pages: Generator<PackedCounts> | undefined;

parentPort!.on('message', (order: PlainOrder) => {
  const answer = (message: PlainAnswer): void => parentPort!.postMessage(message);
  if (order.kind === 'page') {
    answer({ kind: 'page', packed: pages?.next().value ?? null });
    return;
  }
  const startMs = systemClock.nowMs();
  const counts = count(order.files);
  const plainMs = systemClock.nowMs() - startMs;
  pages = packAll(counts.counts);
  answer({ kind: 'counted', plainMs, words: counts.words });
});
