import {
  TAG_ARRAY,
  TAG_TREE,
  ValueDecoder,
  ValueEncoder,
} from '../../../core/codec/value-codec.js';

/**
 * Reads the message that its argument names, and says how it went; small-heap.integration.ts
 * starts it with a heap that the message must not fill.
 */
const KIB = 1024;
const MESSAGES: Record<string, () => Int32Array> = {
  /** Arrays inside of each other, each of which claims all the words that are left. */
  nested() {
    const words = new Int32Array((128 * KIB) >> 2);
    const body = words.length - 4;
    words.set([TAG_TREE, (words.length - 2) * 4, body * 4]);
    for (let level = 0; level < 512; level++) {
      words.set([TAG_ARRAY, body - 2 * level - 2], 3 + 2 * level);
    }
    return words;
  },
  /** Arrays of no cells, each as long as V8 would still give memory at once. */
  sparse() {
    const encoder = new ValueEncoder();
    const values = [Array.from({ length: 10 }, () => new Array<unknown>(70_000))];
    const words = new Int32Array(encoder.measure(values, 1, 'arguments') >> 2);
    const bytes = Buffer.from(words.buffer);
    const length = encoder.write(words, bytes, 0);
    const claimed = Buffer.from([0xce, 0, 1, 0x11, 0x70]);
    for (let at = bytes.indexOf(claimed); at >= 0; at = bytes.indexOf(claimed, at + 1)) {
      bytes.writeUInt32BE(30_000_000, at + 1);
    }
    return words.subarray(0, length >> 2);
  },
};

const words = MESSAGES[process.argv[2]!]!();
const decoder = new ValueDecoder();
decoder.start(words, Buffer.from(words.buffer), 0, words.length * 4);
let outcome: string;
try {
  outcome = (decoder.next() as unknown[][]).map((array) => array.length).join();
} catch (error) {
  outcome = (error as { code: string }).code;
}
process.stdout.write(outcome);
