import { type PackedCounts, unpackCounts } from './packed-counts.js';

/** Outcome of comparing two tables of words. */
export interface Comparison {
  readonly equal: boolean;
  readonly distinctWords: number;
  /** The first few words that differ, with both counts. */
  readonly differences: readonly { readonly word: string; readonly counts: readonly number[] }[];
}

const DIFFERENCES_MAX = 5;

/** Compares two tables word for word, both ways. */
export async function compareTables(
  expected: AsyncIterable<PackedCounts>,
  actual: AsyncIterable<PackedCounts>,
): Promise<Comparison> {
  const left = new Map<string, number>();
  for await (const packed of expected) {
    unpackCounts(packed, (word, count) => void left.set(word, (left.get(word) ?? 0) + count));
  }
  const distinctWords = left.size;
  const differences: { word: string; counts: number[] }[] = [];
  const differ = (word: string, counts: number[]): void => {
    if (differences.length < DIFFERENCES_MAX) differences.push({ word, counts });
  };
  for await (const packed of actual) {
    unpackCounts(packed, (word, count) => {
      const wanted = left.get(word);
      // A word that comes twice was not where its hash says: gone from the table, it differs.
      left.delete(word);
      if (wanted !== count) differ(word, [wanted ?? 0, count]);
    });
  }
  for (const [word, count] of left) differ(word, [count, 0]);
  return { equal: differences.length === 0, distinctWords, differences };
}
