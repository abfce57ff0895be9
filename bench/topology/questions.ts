import { ready } from '../../index.js';
import { type Budget, type Figures, WrongReply } from '../harness/cell.js';
import { drive, type Question } from '../harness/drive.js';
import { driveTells } from '../harness/drive-tells.js';
import type { BenchGateway, HostRecord } from './bench-endpoint.js';

/** What a cell measures through a gateway, wherever the endpoint lives. */
export type GatewayCell = (
  gateway: BenchGateway,
  budget: Budget,
  otherCpuUs?: () => Promise<number>,
) => Promise<Figures>;

type OtherCpu = { readonly otherCpuUs?: () => Promise<number> };

function withOther(otherCpuUs: (() => Promise<number>) | undefined): OtherCpu {
  return otherCpuUs === undefined ? {} : { otherCpuUs };
}

/** Ask of a number. */
export function askNumber(window: number): GatewayCell {
  return (gateway, budget, otherCpuUs) => {
    const question: Question<number> = {
      window,
      call: gateway.echo,
      isRight: (reply, index) => reply === index,
      ...withOther(otherCpuUs),
    };
    return drive(question, budget);
  };
}

function recordOf(index: number): HostRecord {
  return {
    id: index,
    slots: [index, index + 1, index + 2],
    host: 'worker-7.example.internal',
    port: 6123,
    hw: { cpu: 8.5, mem: index * 1024 },
  };
}

function isRecordOf(reply: HostRecord, index: number): boolean {
  return (
    reply.id === index &&
    reply.slots.length === 3 &&
    reply.slots[2] === index + 2 &&
    reply.host === 'worker-7.example.internal' &&
    reply.port === 6123 &&
    reply.hw.cpu === 8.5 &&
    reply.hw.mem === index * 1024
  );
}

/** Ask of a small record; every field of every reply is looked at. */
export function askRecord(window: number): GatewayCell {
  return (gateway, budget, otherCpuUs) => {
    const question: Question<HostRecord> = {
      window,
      call: (index) => gateway.echoRecord(recordOf(index)),
      isRight: isRecordOf,
      ...withOther(otherCpuUs),
    };
    return drive(question, budget);
  };
}

/** Up to this length every byte of one reply in 16 is compared, above it of every reply. */
const ALWAYS_COMPARED_FROM = 64 * 1024;
const COMPARED_EVERY = 16;

/** A call's bytes begin and end with its number; each call in flight has bytes of its own. */
class NumberedBytes {
  readonly #messages: readonly Buffer[];
  readonly #length: number;

  constructor(window: number, length: number) {
    this.#length = length;
    this.#messages = Array.from({ length: window }, () => Buffer.alloc(length, 'ringlane '));
  }

  of(index: number): Buffer {
    const message = this.#messages[index % this.#messages.length]!;
    message.writeInt32LE(index, 0);
    message.writeInt32LE(index, this.#length - 4);
    return message;
  }

  /** Every reply: length, both numbers; see {@link ALWAYS_COMPARED_FROM} for all its bytes. */
  isReply(reply: Uint8Array, index: number): boolean {
    const length = this.#length;
    if (!(reply instanceof Uint8Array) || reply.length !== length) return false;
    for (let i = 0; i < 4; i++) {
      const byte = (index >> (8 * i)) & 0xff;
      if (reply[i] !== byte || reply[length - 4 + i] !== byte) return false;
    }
    if (length < ALWAYS_COMPARED_FROM && index % COMPARED_EVERY !== 0) return true;
    return this.#messages[index % this.#messages.length]!.equals(reply);
  }
}

/** Ask of `length` bytes. */
export function askBytes(window: number, length: number): GatewayCell {
  return (gateway, budget, otherCpuUs) => {
    const messages = new NumberedBytes(window, length);
    const question: Question<Uint8Array> = {
      window,
      call: (index) => gateway.echoBytes(messages.of(index)),
      isRight: (reply, index) => messages.isReply(reply, index),
      bytesPerCall: length,
      ...withOther(otherCpuUs),
    };
    return drive(question, budget);
  };
}

/** Tell of a number, counted and added up at the endpoint. */
export const tellNumber: GatewayCell = (gateway, budget, otherCpuUs) => {
  const telling = {
    tell: gateway.add,
    ready: (): Promise<void> => ready(gateway),
    received: (): Promise<{ count: number; sum: number }> => gateway.received(),
    batch: 1_000,
    ...withOther(otherCpuUs),
  };
  return driveTells(telling, budget);
};

/** Some calls that everything is loaded and connected after; for cells that then stay silent. */
export async function touch(gateway: BenchGateway): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const reply = await gateway.echo(i);
    if (reply !== i) throw new WrongReply(`call ${i} was answered ${reply}`);
  }
}
