import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { isWordByte } from './words.js';

/** A stretch of one file; the words that begin in it are its words. */
export interface Piece {
  readonly path: string;
  readonly startBytes: number;
  readonly endBytes: number;
  /** Of the file as it was found: what is written to its end later is not read. */
  readonly sizeBytes: number;
}

/** A file to count. */
export interface InputFile {
  readonly path: string;
  readonly sizeBytes: number;
}

/** Largest piece: small, so that the slowest reader does not decide; large enough to be cheap. */
export const PIECE_BYTES = 1024 * 1024;

/** How far a reader looks for the end of a word that crosses the border, at a time. */
const LOOK_AHEAD_BYTES = 4096;

/** Cuts files into pieces of at most `pieceBytes`. */
export function cutIntoPieces(files: readonly InputFile[], pieceBytes = PIECE_BYTES): Piece[] {
  const pieces: Piece[] = [];
  for (const { path, sizeBytes } of files) {
    for (let startBytes = 0; startBytes < sizeBytes; startBytes += pieceBytes) {
      const endBytes = Math.min(sizeBytes, startBytes + pieceBytes);
      pieces.push({ path, startBytes, endBytes, sizeBytes });
    }
  }
  return pieces;
}

/**
 * The text of a piece, one character a byte, from the first word that begins in it to the end of
 * the last one, even where that lies in the next piece: every word is read exactly once.
 */
export function readPiece(piece: Piece): string {
  const { startBytes, endBytes, sizeBytes } = piece;
  // The whole file is read in one go.
  if (endBytes - startBytes === sizeBytes) {
    return readFileSync(piece.path).toString('latin1', 0, sizeBytes);
  }
  const file = openSync(piece.path, 'r');
  try {
    const before = startBytes === 0 ? 0 : 1;
    const head = readBytes(file, startBytes - before, endBytes);
    let start = before;
    if (before === 1 && isWordByte(head[0] ?? 0)) {
      while (start < head.length && isWordByte(head[start]!)) start++;
      // One long word covers the piece: it belongs to whoever read its beginning.
      if (start === head.length) return '';
    }
    const last = head.at(-1);
    const isCut = last !== undefined && isWordByte(last);
    const tail = isCut ? readRestOfWord(file, endBytes, sizeBytes) : '';
    return head.toString('latin1', start) + tail;
  } finally {
    closeSync(file);
  }
}

function readRestOfWord(file: number, fromBytes: number, sizeBytes: number): string {
  let text = '';
  for (let at = fromBytes; ; at += LOOK_AHEAD_BYTES) {
    const ahead = readBytes(file, at, Math.min(sizeBytes, at + LOOK_AHEAD_BYTES));
    const end = ahead.findIndex((byte) => !isWordByte(byte));
    if (end >= 0) return text + ahead.toString('latin1', 0, end);
    text += ahead.toString('latin1');
    if (ahead.length < LOOK_AHEAD_BYTES) return text;
  }
}

function readBytes(file: number, fromBytes: number, toBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(toBytes - fromBytes);
  let filled = 0;
  while (filled < bytes.length) {
    const read = readSync(file, bytes, filled, bytes.length - filled, fromBytes + filled);
    if (read === 0) break;
    filled += read;
  }
  return bytes.subarray(0, filled);
}
