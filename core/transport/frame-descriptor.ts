import type { Layout } from '../base/layout.js';
import { align } from '../base/sequence.js';

/*
 * What two processes say to each other: frames, one after the other, nothing between them.
 *
 * How to change the protocol. The 16 bytes of the header, HELLO and REJECT are for ever: a peer
 * of any version must be able to read them, so that it can say in words why it does not go on.
 * Therefore:
 *
 * 1. A new field of a body goes to the end of its FlatBuffer table; old peers do not see it, new
 *    peers see its default. The version stays.
 * 2. A new kind below 16, a new flag or a new meaning of either needs the next
 *    `PROTOCOL_VERSION`: a peer refuses what its version does not know. It never guesses.
 * 3. A side that speaks several versions says its newest in its HELLO, judges the peer's, and
 *    falls back to the peer's when it still knows it. Version 1 knows only itself.
 * 4. Release the side that understands both first, everywhere; then the side that uses the new.
 * 5. The stream word is 0 but in the parts of a message.
 */

/** The protocol that this build speaks; it travels in the HELLO. */
export const PROTOCOL_VERSION = 1;

/** Bytes in front of every frame. */
export const FRAME_HEADER_LENGTH = 16;
/** Every frame starts and ends at a multiple of this, so that its body can be read in place. */
export const FRAME_ALIGNMENT = 8;
/**
 * No frame is longer, its header included: a longer record is a message that travels in parts, so
 * that other records can go between them.
 */
export const FRAME_LENGTH_MAX = 64 * 1024;
/** Bytes of a message in each of its parts but the last. */
export const PART_BYTES = FRAME_LENGTH_MAX - FRAME_HEADER_LENGTH;
/** Messages of one connection that may be under way at a time. */
export const OPEN_MESSAGES_MAX = 16;
/** Body of a BEGIN: length of the message, then its record type. */
export const BEGIN_BODY_BYTES = 8;
/** `RNGL` as it lies in memory; neither text of other protocols nor TLS starts like this. */
export const FRAME_MAGIC = 0x4c474e52;

const MAGIC_INDEX = 0;
const LENGTH_INDEX = 1;
const TAG_INDEX = 2;
const STREAM_INDEX = 3;

/** What a frame is. Numbers below 16 belong to the connection itself. */
export const FRAME_KINDS = {
  /** The first frame of both sides: a Hello table. */
  hello: 1,
  /** The last frame of a side that cannot go on: UTF-8 text that says why. */
  reject: 2,
  /** A message begins: its number in the stream word, length and record type in the body. */
  begin: 3,
  /** The next bytes of the message in the stream word. */
  part: 4,
  /** A record of type `t` has kind 16 + `t`. */
  record: 16,
} as const;

/** Which of the two connections of a peer the frame belongs to. */
export const FRAME_LANES = { data: 0, control: 1 } as const;

/** A frame as it lies on the wire; `docs/LAYOUTS.md` draws it. All numbers are little endian. */
export const FRAME_LAYOUT: Layout = {
  name: 'frame',
  title: 'Frame: 16 bytes of header, then one FlatBuffer',
  lengthBytes: FRAME_HEADER_LENGTH,
  fields: [
    { name: 'magic', offset: 0, lengthBytes: 4, note: '"RNGL", the same in every version' },
    {
      name: 'length',
      offset: 4,
      lengthBytes: 4,
      note: 'bytes to the next frame, header and padding included; a multiple of 8',
    },
    {
      name: 'kind',
      offset: 8,
      lengthBytes: 2,
      note: '1 hello, 2 reject, 3 begin, 4 part, 16 + record type',
    },
    { name: 'lane', offset: 10, lengthBytes: 1, note: '0 data, 1 control' },
    { name: 'flags', offset: 11, lengthBytes: 1, note: 'none in version 1: must be 0' },
    { name: 'stream', offset: 12, lengthBytes: 4, note: 'begin, part: the message; else 0' },
  ],
};

/** Bytes of the frame around a body of `bodyLength` bytes: what is held against a frame limit. */
export function frameLengthOf(bodyLength: number): number {
  return (bodyLength + FRAME_HEADER_LENGTH + (FRAME_ALIGNMENT - 1)) & -FRAME_ALIGNMENT;
}

/** The longest body whose frame is at most `frameLimit` bytes long. */
export function bodyLimitOf(frameLimit: number): number {
  return (frameLimit & -FRAME_ALIGNMENT) - FRAME_HEADER_LENGTH;
}

/** Kind, lane and flags as one word of the header. */
export function frameTag(kind: number, lane: number): number {
  return kind | (lane << 16);
}

/** The kind in a tag, see {@link FRAME_KINDS}. */
export function kindOfTag(tag: number): number {
  return tag & 0xffff;
}

/** The lane in a tag, see {@link FRAME_LANES}. */
function laneOfTag(tag: number): number {
  return (tag >>> 16) & 0xff;
}

/** The flags in a tag. */
function flagsOfTag(tag: number): number {
  return tag >>> 24;
}

/** Writes a header to `words[index]` and the three words after it; its stream word is 0. */
export function writeFrameHeader(
  words: Int32Array,
  index: number,
  length: number,
  tag: number,
): void {
  words[index] = FRAME_MAGIC;
  words[index + LENGTH_INDEX] = length;
  words[index + TAG_INDEX] = tag;
  words[index + STREAM_INDEX] = 0;
}

/** Says which message the frame at `words[index]` belongs to. */
export function writeStream(words: Int32Array, index: number, stream: number): void {
  words[index + STREAM_INDEX] = stream;
}

/** The message that the frame at `words[index]` belongs to. */
export function readStream(words: Int32Array, index: number): number {
  return words[index + STREAM_INDEX]!;
}

/** Length of the frame whose header is at `words[index]`; negative when it has bit 31. */
export function readFrameLength(words: Int32Array, index: number): number {
  return words[index + LENGTH_INDEX]!;
}

/** Tag of the frame whose header is at `words[index]`. */
export function readFrameTag(words: Int32Array, index: number): number {
  return words[index + TAG_INDEX]!;
}

/**
 * Judges the header at `words[index]` before one byte of its body is believed: why the frame
 * must be refused, in words, or undefined. Costs a few comparisons, as it runs for every frame.
 */
export function frameProblem(
  words: Int32Array,
  index: number,
  frameLimit: number,
): string | undefined {
  const length = words[index + LENGTH_INDEX]!;
  if (
    words[index + MAGIC_INDEX] === FRAME_MAGIC &&
    // A length from 2^31 on is negative here, and so caught by the lower bound.
    length >= FRAME_HEADER_LENGTH &&
    length <= frameLimit &&
    length <= FRAME_LENGTH_MAX &&
    (length & (FRAME_ALIGNMENT - 1)) === 0 &&
    (words[index + STREAM_INDEX] === 0 || isOfMessage(words[index + TAG_INDEX]!)) &&
    // Flags in the upper byte must be 0 and the lane 0 or 1: no bit above 16.
    (words[index + TAG_INDEX]! & 0xfffe0000) === 0
  ) {
    return undefined;
  }
  return describeProblem(words.subarray(index, index + 4), frameLimit);
}

/** True for the kinds that carry a message: the only ones with a stream. */
function isOfMessage(tag: number): boolean {
  const kind = kindOfTag(tag);
  return kind === FRAME_KINDS.begin || kind === FRAME_KINDS.part;
}

function describeProblem(header: Int32Array, frameLimit: number): string {
  const magic = header[MAGIC_INDEX]!;
  const length = header[LENGTH_INDEX]! >>> 0;
  const tag = header[TAG_INDEX]!;
  if (magic !== FRAME_MAGIC) {
    return `the frame starts with ${hex(magic)}, not with ${hex(FRAME_MAGIC)}: not our protocol`;
  }
  if (length < FRAME_HEADER_LENGTH) return `frame length ${length} is shorter than its header`;
  const limit = Math.min(frameLimit, FRAME_LENGTH_MAX);
  if (length > limit) return `frame length ${length} is above the limit of ${limit}`;
  if (length % FRAME_ALIGNMENT !== 0) {
    return `frame length ${length} is not a multiple of ${FRAME_ALIGNMENT}`;
  }
  if (flagsOfTag(tag) !== 0) return `frame flags ${hex(flagsOfTag(tag))} are unknown`;
  if (laneOfTag(tag) > FRAME_LANES.control) return `frame lane ${laneOfTag(tag)} is unknown`;
  return `the stream word of the frame is ${hex(header[STREAM_INDEX]!)}, not 0`;
}

function hex(word: number): string {
  return `0x${(word >>> 0).toString(16)}`;
}

/** One whole frame in memory of its own, its padding zero: for HELLO and REJECT. */
export function encodeFrame(kind: number, body: Uint8Array): Buffer {
  const memory = new ArrayBuffer(align(FRAME_HEADER_LENGTH + body.length, FRAME_ALIGNMENT));
  writeFrameHeader(new Int32Array(memory), 0, memory.byteLength, frameTag(kind, FRAME_LANES.data));
  const frame = Buffer.from(memory);
  frame.set(body, FRAME_HEADER_LENGTH);
  return frame;
}
