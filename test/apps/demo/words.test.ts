import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { compareTables } from '../../../apps/demo/word-count/compare.js';
import {
  dealToShards,
  packAll,
  type PackedCounts,
  unpackCounts,
} from '../../../apps/demo/word-count/packed-counts.js';
import { cutIntoPieces, readPiece } from '../../../apps/demo/word-count/pieces.js';
import { compareCounted, topWords } from '../../../apps/demo/word-count/top-words.js';
import { readableWord, shardOf, WordCounts } from '../../../apps/demo/word-count/words.js';

const folder = mkdtempSync(join(tmpdir(), 'ringlane-words-'));
after(() => rmSync(folder, { recursive: true }));

function countsOf(text: string): Record<string, number> {
  const counts = new WordCounts();
  counts.addText(Buffer.from(text).toString('latin1'));
  return Object.fromEntries([...counts.counts].map(([word, n]) => [readableWord(word), n]));
}

/** What a person would write in one line. */
function naiveCounts(text: string): Record<string, number> {
  const counts: Record<string, number> = Object.create(null) as Record<string, number>;
  for (const word of text.match(/[\w\u0080-\u{10ffff}]+/gu) ?? []) {
    counts[word] = (counts[word] ?? 0) + 1;
  }
  return { ...counts };
}

test('words are runs of letters, digits, underscores and what is beyond ASCII', () => {
  assert.deepEqual(countsOf('a b a, a.b_1 (c)\n'), { a: 3, b: 1, b_1: 1, c: 1 });
  assert.deepEqual(countsOf('Größe größe 字 "naïve"'), { Größe: 1, größe: 1, 字: 1, naïve: 1 });
  assert.deepEqual(countsOf(''), {});
  assert.deepEqual(countsOf(' .,-\n\t'), {});
  assert.deepEqual(countsOf('constructor __proto__x toString'), {
    constructor: 1,
    __proto__x: 1,
    toString: 1,
  });
});

const text = fc.string({
  unit: fc.constantFrom('a', 'b', 'Z', '9', '_', ' ', '\n', '.', '-', 'é', '字', '😀'),
  maxLength: 200,
});

test('counts like the naive one-liner, whatever the text', () => {
  fc.assert(fc.property(text, (input) => assert.deepEqual(countsOf(input), naiveCounts(input))));
});

test('no word is cut, lost or counted twice at the borders of pieces', () => {
  const path = join(folder, 'borders.txt');
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 40 }), (input, pieceBytes) => {
      const bytes = Buffer.from(input);
      writeFileSync(path, bytes);
      const pieces = cutIntoPieces([{ path, sizeBytes: bytes.length }], pieceBytes);
      assert.equal(
        pieces.reduce((sum, piece) => sum + piece.endBytes - piece.startBytes, 0),
        bytes.length,
      );
      const whole = new WordCounts();
      whole.addText(bytes.toString('latin1'));
      const inPieces = new WordCounts();
      for (const piece of pieces) inPieces.addText(readPiece(piece));
      assert.deepEqual(inPieces.counts, whole.counts);
      assert.equal(inPieces.words, whole.words);
    }),
    { numRuns: 300 },
  );
});

test('what is written to the end of a file later is not read, however it is cut', () => {
  const path = join(folder, 'grows.txt');
  writeFileSync(path, 'one two thr');
  const files = [{ path, sizeBytes: 11 }];
  writeFileSync(path, 'one two three four five');
  for (const pieceBytes of [2, 5, 100]) {
    const counts = new WordCounts();
    for (const piece of cutIntoPieces(files, pieceBytes)) counts.addText(readPiece(piece));
    assert.deepEqual(Object.fromEntries(counts.counts), { one: 1, two: 1, thr: 1 });
  }
});

test('a word longer than many pieces and than the look-ahead is one word', () => {
  const path = join(folder, 'long.txt');
  const long = 'x'.repeat(20_000);
  writeFileSync(path, `a ${long} b`);
  const counts = new WordCounts();
  for (const piece of cutIntoPieces([{ path, sizeBytes: 20_004 }], 1_000)) {
    counts.addText(readPiece(piece));
  }
  assert.deepEqual(
    [...counts.counts],
    [
      ['a', 1],
      [long, 1],
      ['b', 1],
    ],
  );
});

test('every word goes to one shard, and all shards together hold everything', () => {
  const counts = new WordCounts();
  for (let i = 0; i < 20_000; i++) counts.add(`word${i}`, (i % 7) + 1);
  counts.add('many', 2 ** 33);
  const shards = [new WordCounts(), new WordCounts(), new WordCounts()];
  let messages = 0;
  for (const [shard, packed] of dealToShards(counts, shards.length)) {
    messages++;
    unpackCounts(packed, (word, count) => {
      assert.equal(shardOf(word, 3), shard);
      shards[shard]!.add(word, count);
    });
  }
  assert.ok(messages >= 6 && messages < 30, String(messages));
  const sizes = shards.map((shard) => shard.counts.size);
  assert.equal(
    sizes.reduce((a, b) => a + b),
    counts.counts.size,
  );
  assert.ok(Math.min(...sizes) > 0.9 * Math.max(...sizes), String(sizes));
  assert.equal(
    shards.reduce((sum, { words }) => sum + words, 0),
    counts.words,
  );
});

test('the most frequent words, equals in the order of their letters', () => {
  const counts = new Map([
    ['b', 2],
    ['a', 2],
    ['d', 9],
    ['c', 1],
  ]);
  assert.deepEqual(topWords(counts, 3), [
    ['d', 9],
    ['a', 2],
    ['b', 2],
  ]);
  assert.deepEqual(topWords(counts, 9).length, 4);
  assert.deepEqual(topWords(counts, 0), []);
  fc.assert(
    fc.property(fc.array(fc.nat(50), { maxLength: 60 }), fc.integer({ min: 1, max: 9 }), (n, k) => {
      const all = n.map((count, i) => [`w${i}`, count] as const);
      assert.deepEqual(topWords(all, k), [...all].sort(compareCounted).slice(0, k));
    }),
  );
});

async function* pages(...tables: readonly Record<string, number>[]): AsyncGenerator<PackedCounts> {
  for (const table of tables) yield* packAll(Object.entries(table));
}

test('tables are equal only when every word has the same count in both', async () => {
  const same = await compareTables(pages({ a: 1, b: 2 }), pages({ b: 2 }, { a: 1 }));
  assert.deepEqual(same, { equal: true, distinctWords: 2, differences: [] });
  const different: readonly Record<string, number>[][] = [
    [{ a: 2 }, { b: 2 }],
    [{ a: 1 }],
    [{ a: 1 }, { b: 2 }, { c: 1 }],
    [{ a: 1 }, { b: 1 }, { b: 1 }],
    [{ a: 1 }, { b: 2 }, { b: 2 }],
  ];
  for (const tables of different) {
    const { equal } = await compareTables(pages({ a: 1, b: 2 }), pages(...tables));
    assert.equal(equal, false, JSON.stringify(tables));
  }
});
