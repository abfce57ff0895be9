import type { Clock } from '../base/clock.js';
import type { ByteStream } from './byte-stream.js';
import { encodeFrame, FRAME_KINDS } from './frame-descriptor.js';

/** How long a refused peer may take to read why. */
const LINGER_MS = 1_000;
/** Longest text of a REJECT, in bytes; what is longer is cut. */
const REASON_BYTES = 1_024;

/** The REJECT frame around `reason`. */
export function encodeReject(reason: string): Buffer {
  return encodeFrame(FRAME_KINDS.reject, Buffer.from(reason).subarray(0, REASON_BYTES));
}

/**
 * The text of a REJECT. It comes from a stranger and is made for logs: cut, without the padding,
 * and with control characters replaced, so that it cannot write lines or colours of its own.
 */
export function decodeReject(body: Buffer): string {
  const text = body.subarray(0, REASON_BYTES).toString('utf8').replace(/\0+$/, '');
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
}

/**
 * Leaves a stream that is of no use any more: says why, stops listening to what is said, and
 * hangs up when the peer does, or after a second. Hanging up at once would reset the connection
 * while the peer still sends, and the reset would overtake the reason.
 */
export function leave(stream: ByteStream, clock: Clock, reason: string): void {
  const timer = clock.schedule(() => stream.destroy(), LINGER_MS, { ref: false });
  stream.attach({
    onBytes: () => {},
    onEnd: () => stream.destroy(),
    onClose: () => timer.cancel(),
  });
  stream.resume();
  stream.write(encodeReject(reason), () => {});
  stream.end();
}
