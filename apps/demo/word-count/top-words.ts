/** A word with its count. */
export type CountedWord = readonly [word: string, count: number];

/** Most frequent first; equals in the order of their characters, so that runs agree. */
export function compareCounted(a: CountedWord, b: CountedWord): number {
  return b[1] - a[1] || (a[0] < b[0] ? -1 : 1);
}

/** The `wanted` most frequent words, without sorting all of them. */
export function topWords(counts: Iterable<CountedWord>, wanted: number): CountedWord[] {
  const top: CountedWord[] = [];
  if (wanted <= 0) return top;
  for (const [word, count] of counts) {
    if (top.length < wanted) {
      top.push([word, count]);
      if (top.length === wanted) top.sort(compareCounted);
    } else if (
      count >= top[wanted - 1]![1] &&
      compareCounted([word, count], top[wanted - 1]!) < 0
    ) {
      top[wanted - 1] = [word, count];
      top.sort(compareCounted);
    }
  }
  return top.sort(compareCounted);
}
