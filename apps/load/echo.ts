import {
  type AnyGateway,
  ask,
  defineGateway,
  type GatewayOf,
  RpcEndpoint,
  type Serves,
  tell,
} from '../../index.js';
import { systemClock } from '../../core/internal.js';
import { LatencyHistogram } from './histogram.js';
import type { TellTotals } from './load-model.js';

/** The endpoint that `ringlane load` calls unless it is given another. */
export const EchoGateway = defineGateway('ringlane.load.Echo', {
  echo: ask<[value: number], number>(),
  echoBytes: ask<[bytes: Uint8Array], Uint8Array>(),
  note: tell<[value: number]>(),
  /** Counts like `note` and measures the way here: all processes of a machine share its clock. */
  noteTimed: tell<[value: number, dueMs: number]>(),
  noteBytes: tell<[bytes: Uint8Array]>(),
  forget: ask<[], void>(),
  totals: ask<[], TellTotals>(),
  /** User and system time of the endpoint's process in microseconds. */
  cpuUs: ask<[], number>(),
});
export type EchoGateway = GatewayOf<typeof EchoGateway>;

/** Answers what it is asked, counts what it is told. */
export class Echo extends RpcEndpoint implements Serves<typeof EchoGateway> {
  static override readonly gateways: readonly AnyGateway[] = [EchoGateway];
  static override readonly module = import.meta.url;

  readonly #latency = new LatencyHistogram();
  #received = 0;
  #sum = 0;

  echo(value: number): number {
    return value;
  }

  echoBytes(bytes: Uint8Array): Uint8Array {
    return bytes;
  }

  note(value: number): void {
    this.#received++;
    this.#sum = (this.#sum + value) | 0;
  }

  noteTimed(value: number, dueMs: number): void {
    this.#latency.recordMs(systemClock.nowMs() - dueMs);
    this.note(value);
  }

  noteBytes(bytes: Uint8Array): void {
    this.note(sequenceOf(bytes));
  }

  forget(): void {
    this.#received = 0;
    this.#sum = 0;
    this.#latency.reset();
  }

  totals(): TellTotals {
    return { received: this.#received, sum: this.#sum, latency: this.#latency.summary() };
  }

  cpuUs(): number {
    const { user, system } = process.cpuUsage();
    return user + system;
  }
}

/** Writes a call's number into its payload, so that a reply can be told from another. */
export function stampSequence(bytes: Uint8Array, sequence: number): void {
  for (let i = 0; i < 4 && i < bytes.length; i++) bytes[i] = sequence >>> (8 * i);
}

/** The number in a payload, as far as the payload has room for it. */
export function sequenceOf(bytes: Uint8Array): number {
  let sequence = 0;
  for (let i = 0; i < 4 && i < bytes.length; i++) sequence |= bytes[i]! << (8 * i);
  return sequence;
}
