import type { Clock } from '../base/clock.js';
import { FrameDecoder, type FrameHandler } from './frame-decoder.js';
import { StallWatch } from './stall-watch.js';

/** Takes what an {@link Inbound} has to say. */
export interface InboundHandler extends FrameHandler {
  /** The frame at hand was not completed in time. */
  onStall(): void;
}

/** Bounds of an {@link Inbound}. */
export interface InboundLimits {
  /** Longest frame in bytes. */
  readonly frameLimit: number;
  /** Time from the first byte of a frame, or of a message's part, to its last, in ms. */
  readonly frameTimeoutMs: number;
}

/**
 * The receiving half of a connection: the decoder, and the watch over the frame at hand. A peer
 * that sends a byte a second holds memory and a place; it gets one deadline a frame, not one a
 * byte (the slow loris attack).
 */
export class Inbound {
  handler: InboundHandler;
  readonly #decoder: FrameDecoder;
  readonly #watch: StallWatch;
  /** Steps of the decoder when the frame at hand began. */
  #stepsBefore = -1;
  #isPaused = false;
  /** Bytes that have come in all. */
  receivedBytes = 0;

  constructor(clock: Clock, limits: InboundLimits, handler: InboundHandler) {
    this.handler = handler;
    // The decoder asks for the handler of the moment: it changes when the handshake is done.
    this.#decoder = new FrameDecoder(handler, limits.frameLimit);
    this.#watch = new StallWatch(clock, limits.frameTimeoutMs, () => this.handler.onStall());
  }

  /** Bytes of the frame and the messages at hand that are here. */
  get pendingBytes(): number {
    return this.#decoder.pendingBytes;
  }

  /** From the next frame on: who gets it, and how long it may be. */
  handOver(handler: InboundHandler, frameLimit: number): void {
    this.handler = handler;
    this.#decoder.handler = handler;
    this.#decoder.frameLimit = frameLimit;
  }

  /** The next bytes of the stream. */
  receive(chunk: Buffer): void {
    const decoder = this.#decoder;
    this.receivedBytes += chunk.length;
    decoder.push(chunk);
    if (decoder.isStopped) return;
    // One of its frames may just have paused us.
    if (!decoder.isMidway || this.#isPaused) this.#watch.rest();
    else if (!this.#watch.isWatching || decoder.steps !== this.#stepsBefore) this.#watch.mark();
    this.#stepsBefore = decoder.steps;
  }

  /** We stop reading ourselves: the peer is not to blame for what does not come. */
  pause(): void {
    this.#isPaused = true;
    this.#watch.rest();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#decoder.isMidway) this.#watch.mark();
  }

  /** Hands out nothing more. */
  stop(): void {
    this.#decoder.stop();
    this.#watch.stop();
  }
}
