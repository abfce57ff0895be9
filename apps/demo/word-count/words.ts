/**
 * What a word is: a run of ASCII letters, digits and underscores, and of bytes beyond ASCII, so
 * that a word in any alphabet stays whole in UTF-8. Upper and lower case differ.
 */
const IS_WORD_BYTE = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  if (byte >= 0x80 || /\w/.test(String.fromCharCode(byte))) IS_WORD_BYTE[byte] = 1;
}

/** True when `byte` belongs to a word. */
export function isWordByte(byte: number): boolean {
  return IS_WORD_BYTE[byte] === 1;
}

/** From this length on V8 makes a slice that keeps the whole text alive instead of a copy. */
const SLICE_KEEPS_TEXT_LENGTH = 13;

/** Words of texts and how often each was met, in a plain `Map`. */
export class WordCounts {
  readonly counts = new Map<string, number>();
  /** Words met, each as often as it was met. */
  words = 0;

  /** Counts the words of a text, one character a byte (`latin1`). */
  addText(text: string): void {
    const { counts } = this;
    const { length } = text;
    let words = 0;
    let at = 0;
    for (;;) {
      while (at < length && IS_WORD_BYTE[text.charCodeAt(at)] === 0) at++;
      if (at === length) break;
      const start = at;
      while (at < length && IS_WORD_BYTE[text.charCodeAt(at)] === 1) at++;
      const word = text.slice(start, at);
      const count = counts.get(word);
      if (count === undefined) counts.set(ownCopy(word), 1);
      else counts.set(word, count + 1);
      words++;
    }
    this.words += words;
  }

  /** Adds `count` of one word. */
  add(word: string, count: number): void {
    this.counts.set(word, (this.counts.get(word) ?? 0) + count);
    this.words += count;
  }

  clear(): void {
    this.counts.clear();
    this.words = 0;
  }
}

function ownCopy(word: string): string {
  if (word.length < SLICE_KEEPS_TEXT_LENGTH) return word;
  return Buffer.from(word, 'latin1').toString('latin1');
}

/** FNV-1a over the characters: which shard a word belongs to, alike in every thread and process. */
export function shardOf(word: string, shards: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) {
    hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0) % shards;
}

/** A word for people: its bytes read as UTF-8. */
export function readableWord(word: string): string {
  return Buffer.from(word, 'latin1').toString('utf8');
}
