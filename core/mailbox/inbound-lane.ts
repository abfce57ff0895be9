import type { LaneReader, RecordHandler, RecordSource } from '../memory/lane-reader.js';
import type { LanePort } from './lane-port.js';

/** The receiving side of a lane: what another thread sends to this one. */
export class InboundLane implements RecordSource, RecordHandler {
  readonly words: Int32Array;
  readonly bytes: Buffer;
  /** The thread that writes it. */
  readonly producer: number;
  readonly #reader: LaneReader;
  readonly #port: LanePort;
  #handler: RecordHandler<InboundLane> | undefined;

  constructor(reader: LaneReader, port: LanePort) {
    this.#reader = reader;
    this.#port = port;
    this.words = reader.words;
    this.bytes = reader.bytes;
    this.producer = reader.producer;
  }

  hasRecords(): boolean {
    return this.#reader.hasRecords();
  }

  /**
   * Hands at most `limit` records to `handler`; rings the producer if it sleeps for want of room.
   */
  drain(handler: RecordHandler<InboundLane>, limit: number): number {
    this.#handler = handler;
    const count = this.#reader.drain(this, limit);
    if (count > 0 && this.#reader.mustRingProducer()) this.#port.ring();
    return count;
  }

  onRecord(_source: RecordSource, type: number, offset: number, length: number): void {
    this.#handler!.onRecord(this, type, offset, length);
  }

  /** Bytes of a value that travels beside the lane. */
  takeBeside(ticket: number): ArrayBuffer {
    return this.#port.take(ticket);
  }

  close(): void {
    this.#port.close();
  }
}
