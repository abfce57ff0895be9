import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FrameDecoder } from '../../../core/transport/frame-decoder.js';
import {
  bodyLimitOf,
  encodeFrame,
  FRAME_HEADER_LENGTH,
  FRAME_LAYOUT,
  FRAME_LENGTH_MAX,
  FRAME_MAGIC,
  frameLengthOf,
  kindOfTag,
} from '../../../core/transport/frame-descriptor.js';

const LIMIT = 256 * 1024;

class Frames {
  readonly frames: { kind: number; body: Buffer }[] = [];
  readonly problems: string[] = [];
  readonly decoder = new FrameDecoder(
    {
      onFrame: (source, tag, offset, length) => {
        assert.equal(offset % 8, 0);
        const body = Buffer.from(source.bytes.subarray(offset, offset + length));
        if (length > 0) assert.equal(source.words[offset >> 2], body.readInt32LE(0));
        this.frames.push({ kind: kindOfTag(tag), body });
      },
      onProblem: (problem) => this.problems.push(problem),
    },
    LIMIT,
  );

  pushAll(stream: Buffer, cuts: readonly number[]): this {
    let from = 0;
    for (const cut of [...cuts].sort((a, b) => a - b)) {
      this.decoder.push(stream.subarray(from, cut));
      from = cut;
    }
    this.decoder.push(stream.subarray(from));
    return this;
  }
}

function header(fields: { magic?: number; length?: number; tag?: number; stream?: number }) {
  const { magic = FRAME_MAGIC, length = 24, tag = 16, stream = 0 } = fields;
  return Buffer.from(new Uint32Array([magic, length, tag, stream].map((n) => n >>> 0)).buffer);
}

const bodyLengths = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 200 }) },
  { weight: 1, arbitrary: fc.integer({ min: 60_000, max: FRAME_LENGTH_MAX - 16 }) },
);

describe('frame decoder', () => {
  it('decodes any split of a valid stream identically', () => {
    const bodies = fc.array(fc.tuple(fc.integer({ min: 16, max: 65_535 }), bodyLengths), {
      minLength: 1,
      maxLength: 20,
    });
    const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 60 });
    fc.assert(
      fc.property(bodies, cuts, (frames, places) => {
        const encoded = frames.map(([kind, length], i) =>
          encodeFrame(kind, Buffer.alloc(length, i + 1)),
        );
        const stream = Buffer.concat(encoded);
        const whole = new Frames().pushAll(stream, []);
        const split = new Frames().pushAll(
          stream,
          places.map((place) => Math.floor(place * stream.length)),
        );
        assert.deepEqual(split.frames, whole.frames);
        const seen = split.frames.map(({ kind, body }) => encodeFrame(kind, body));
        assert.deepEqual(Buffer.concat(seen), stream);
        assert.equal(split.decoder.pendingBytes, 0);
        assert.deepEqual(split.problems, []);
      }),
      { numRuns: 150 },
    );
  });

  it('decodes one byte at a time, and 10 000 frames in one chunk', () => {
    const few = Buffer.concat([1, 9, 24].map((n) => encodeFrame(n, Buffer.alloc(n, n))));
    const bytewise = new Frames().pushAll(
      few,
      Array.from(few, (_, i) => i),
    );
    assert.deepEqual(
      bytewise.frames.map(({ kind }) => kind),
      [1, 9, 24],
    );
    const one = encodeFrame(20, Buffer.from('x'));
    const many = new Frames().pushAll(Buffer.concat(Array(10_000).fill(one)), []);
    assert.equal(many.frames.length, 10_000);
    assert.ok(many.decoder.capacityBytes <= 64 * 1024);
  });

  it('never throws, whatever the bytes, and hands nothing out after a problem', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 20 }), (chunks) => {
        const seen = new Frames();
        for (const chunk of chunks) seen.decoder.push(Buffer.from(chunk));
        const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
        assert.equal(seen.problems.length, total >= FRAME_HEADER_LENGTH ? 1 : 0);
        seen.decoder.push(encodeFrame(16, Buffer.alloc(8)));
        if (seen.problems.length > 0) assert.equal(seen.frames.length, 0);
      }),
    );
  });

  it('survives flipped bits: frames or one problem', () => {
    const stream = Buffer.concat([8, 80, 16].map((n) => encodeFrame(16 + n, Buffer.alloc(n, n))));
    fc.assert(
      fc.property(
        fc.array(fc.nat(stream.length * 8 - 1), { minLength: 1, maxLength: 4 }),
        (bits) => {
          const mutant = Buffer.from(stream);
          for (const bit of bits) mutant[bit >> 3]! ^= 1 << (bit & 7);
          const seen = new Frames().pushAll(mutant, [5, 50]);
          assert.ok(seen.problems.length <= 1);
          assert.ok(seen.frames.length <= 3);
        },
      ),
    );
  });

  const refused: readonly [string, Buffer, RegExp][] = [
    ['another magic', header({ magic: 0x20544547 }), /starts with 0x20544547.*not our protocol/],
    ['length 0', header({ length: 0 }), /length 0 is shorter than its header/],
    ['length below the header', header({ length: 8 }), /length 8 is shorter/],
    ['length 0xffffffff', header({ length: 0xffffffff }), /4294967295 is above the limit of 65536/],
    ['length with bit 31', header({ length: 0x80000000 }), /2147483648 is above the limit/],
    ['one step above the limit', header({ length: 65_544 }), /65544 is above the limit of 65536/],
    ['length not a multiple of 8', header({ length: 25 }), /25 is not a multiple of 8/],
    ['unknown flags', header({ tag: 0x01000010 }), /flags 0x1 are unknown/],
    ['unknown lane', header({ tag: 0x00020010 }), /lane 2 is unknown/],
    ['a stream without a message', header({ stream: 3 }), /stream word of the frame is 0x3/],
  ];
  for (const [name, bytes, reason] of refused) {
    it(`refuses ${name} in words, from the header alone`, () => {
      const seen = new Frames().pushAll(bytes, [3, 9]);
      assert.equal(seen.problems.length, 1);
      assert.match(seen.problems[0]!, reason);
      assert.ok(seen.decoder.capacityBytes <= 4 * 1024, 'no room was made for the body');
    });
  }

  it('accepts a frame of exactly the limit, and the lane of the control connection', () => {
    const seen = new Frames();
    seen.decoder.push(encodeFrame(17, Buffer.alloc(bodyLimitOf(FRAME_LENGTH_MAX), 1)));
    seen.decoder.push(Buffer.concat([header({ tag: 0x00010011 }), Buffer.alloc(8)]));
    assert.deepEqual(seen.problems, []);
    assert.deepEqual(
      seen.frames.map(({ kind }) => kind),
      [17, 17],
    );
  });

  it('holds little memory for what never comes, and never more than one frame', () => {
    const seen = new Frames();
    const { decoder } = seen;
    const large = encodeFrame(16, Buffer.alloc(60 * 1024));
    decoder.push(large.subarray(0, 1_000));
    assert.equal(decoder.capacityBytes, 4 * 1024);
    for (let from = 1_000; from < large.length; from += 10_000) {
      decoder.push(large.subarray(from, from + 10_000));
      assert.ok(decoder.capacityBytes <= 64 * 1024);
    }
    assert.equal(seen.frames.length, 1);
  });

  it('stops inside a chunk when it is told to', () => {
    const kinds: number[] = [];
    const onFrame = (_source: unknown, tag: number): void => {
      kinds.push(kindOfTag(tag));
      if (kinds.length === 2) decoder.stop();
    };
    const decoder = new FrameDecoder({ onFrame, onProblem: assert.fail }, LIMIT);
    decoder.push(Buffer.concat([16, 17, 18].map((kind) => encodeFrame(kind, Buffer.alloc(8)))));
    assert.deepEqual(kinds, [16, 17]);
  });
});

describe('frame descriptor', () => {
  it('draws what it encodes', () => {
    const frame = encodeFrame(0x0102, Buffer.from([9, 9, 9]));
    const read = (name: string): number => {
      const { offset, lengthBytes } = FRAME_LAYOUT.fields.find((field) => field.name === name)!;
      return frame.readUIntLE(offset, lengthBytes);
    };
    assert.equal(frame.subarray(0, 4).toString(), 'RNGL');
    assert.equal(read('length'), 24);
    assert.equal(read('kind'), 0x0102);
    assert.deepEqual([read('lane'), read('flags'), read('stream')], [0, 0, 0]);
    assert.deepEqual([...frame.subarray(16)], [9, 9, 9, 0, 0, 0, 0, 0]);
  });

  it('agrees with itself about the longest body', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4096, max: 256 * 1024 * 1024 }), (limit) => {
        assert.ok(frameLengthOf(bodyLimitOf(limit)) <= limit);
        assert.ok(frameLengthOf(bodyLimitOf(limit) + 1) > limit);
      }),
    );
  });
});
