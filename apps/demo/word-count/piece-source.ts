import { type AnyGateway, RpcEndpoint, type Serves } from '../../../index.js';
import { PieceSourceGateway, type ReaderProgress } from './contracts.js';
import type { Piece } from './pieces.js';

/** Largest helping: some tens of milliseconds, after which the reader's thread looks around. */
const LARGEST_HELPING_BYTES = 2 * 1024 * 1024;
/** Smallest helping: at the end a reader that is late may cost the others only this much. */
const SMALLEST_HELPING_BYTES = 128 * 1024;

/** A stretch of the input: its owner takes from the front, others help from the back. */
interface Region {
  readonly pieces: readonly Piece[];
  front: number;
  back: number;
  leftBytes: number;
}

/**
 * Gives out pieces. Each reader has a region of its own, because neighbours share words and every
 * distinct word of a reader is one to send; who has finished helps where most is left. Helpings
 * shrink towards the end, so that all readers finish together.
 */
export class PieceSource extends RpcEndpoint implements Serves<typeof PieceSourceGateway> {
  static override readonly gateways: readonly AnyGateway[] = [PieceSourceGateway];
  static override readonly module = import.meta.url;

  readonly #progress = new Map<string, ReaderProgress>();
  readonly #regions: readonly Region[];
  readonly #owned = new Map<string, Region>();

  constructor(pieces: readonly Piece[], readers: number) {
    super();
    this.#regions = cutIntoRegions(pieces, readers);
  }

  next(progress: ReaderProgress): readonly Piece[] {
    const { reader } = progress;
    this.#progress.set(reader, progress);
    let own = this.#owned.get(reader);
    if (own === undefined) {
      own = this.#regions[this.#owned.size % this.#regions.length]!;
      this.#owned.set(reader, own);
    }
    if (own.leftBytes > 0) return takeHelping(own, () => own.pieces[own.front++]!);
    const other = this.#regions.reduce((a, b) => (b.leftBytes > a.leftBytes ? b : a));
    return takeHelping(other, () => other.pieces[--other.back]!);
  }

  progress(): readonly ReaderProgress[] {
    return [...this.#progress.values()];
  }
}

function takeHelping(region: Region, take: () => Piece): Piece[] {
  const fairBytes = Math.min(LARGEST_HELPING_BYTES, region.leftBytes / 3);
  const wantedBytes = Math.max(SMALLEST_HELPING_BYTES, fairBytes);
  const helping: Piece[] = [];
  for (let bytes = 0; bytes < wantedBytes && region.front < region.back; ) {
    const piece = take();
    helping.push(piece);
    bytes += sizeOf(piece);
    region.leftBytes -= sizeOf(piece);
  }
  return helping;
}

function cutIntoRegions(pieces: readonly Piece[], count: number): Region[] {
  const totalBytes = pieces.reduce((sum, piece) => sum + sizeOf(piece), 0);
  const regions: Region[] = [];
  let at = 0;
  let doneBytes = 0;
  for (let i = 1; i <= count; i++) {
    const first = at;
    const before = doneBytes;
    const untilBytes = (totalBytes * i) / count;
    while (at < pieces.length && (i === count || doneBytes < untilBytes)) {
      doneBytes += sizeOf(pieces[at++]!);
    }
    const own = pieces.slice(first, at);
    regions.push({ pieces: own, front: 0, back: own.length, leftBytes: doneBytes - before });
  }
  return regions;
}

function sizeOf(piece: Piece): number {
  return piece.endBytes - piece.startBytes;
}
