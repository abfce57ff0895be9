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

/** A small record, as registrations and slot reports are. */
export interface HostRecord {
  readonly id: number;
  readonly slots: readonly [number, number, number];
  readonly host: string;
  readonly port: number;
  readonly hw: { readonly cpu: number; readonly mem: number };
}

/** What the endpoint of every cell serves. */
export const BenchGateway = defineGateway('Bench', {
  echo: ask<[value: number], number>(),
  echoRecord: ask<[record: HostRecord], HostRecord>(),
  echoBytes: ask<[bytes: Uint8Array], Uint8Array>(),
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

  echoRecord(record: HostRecord): HostRecord {
    return record;
  }

  echoBytes(bytes: Uint8Array): Uint8Array {
    return bytes;
  }

  add(value: number): void {
    this.#count++;
    this.#sum += value;
  }

  received(): Received {
    return { count: this.#count, sum: this.#sum };
  }
}
