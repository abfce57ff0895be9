import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AnyGateway,
  ask,
  defineGateway,
  type GatewayOf,
  RpcEndpoint,
  type Serves,
  tell,
} from '../../index.js';
import type { Received } from '../harness/drive-tells.js';
import type { HostRecord } from '../harness/payloads.js';

const SLOW_MS = 5;

/** What the endpoint of every cell serves. */
export const BenchGateway = defineGateway('Bench', {
  echo: ask<[value: number], number>(),
  nothing: ask<[], void>(),
  sum: ask<[a: number, b: number, c: number], number>(),
  echoText: ask<[text: string], string>(),
  echoRecord: ask<[record: HostRecord], HostRecord>(),
  echoBytes: ask<[bytes: Uint8Array], Uint8Array>(),
  lastNumber: ask<[bytes: Uint8Array], number>(),
  echoNextTurn: ask<[value: number], number>(),
  echoSlowly: ask<[value: number], number>(),
  add: tell<[value: number]>(),
  received: ask<[], Received>(),
});

/** Its gateway. */
export type BenchGateway = GatewayOf<typeof BenchGateway>;

/** Answers with what it was asked, and counts what it was told. */
export class BenchEndpoint extends RpcEndpoint implements Serves<typeof BenchGateway> {
  static override readonly gateways: readonly AnyGateway[] = [BenchGateway];
  static override readonly module = import.meta.url;
  #count = 0;
  #sum = 0;

  echo(value: number): number {
    return value;
  }

  nothing(): void {
    this.#count++;
  }

  sum(a: number, b: number, c: number): number {
    return a + b + c;
  }

  echoText(text: string): string {
    return text;
  }

  echoRecord(record: HostRecord): HostRecord {
    return record;
  }

  echoBytes(bytes: Uint8Array): Uint8Array {
    return bytes;
  }

  /** The 32-bit number in the last four bytes. */
  lastNumber(bytes: Uint8Array): number {
    const { buffer, byteOffset, length } = bytes;
    return new DataView(buffer, byteOffset + length - 4, 4).getInt32(0, true);
  }

  echoNextTurn(value: number): Promise<number> {
    return new Promise((resolve) => setImmediate(resolve, value));
  }

  echoSlowly(value: number): Promise<number> {
    return sleep(SLOW_MS, value);
  }

  add(value: number): void {
    this.#count++;
    this.#sum += value;
  }

  received(): Received {
    return { count: this.#count, sum: this.#sum };
  }
}
