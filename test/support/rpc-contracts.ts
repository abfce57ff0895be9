import { ask, defineGateway, type GatewayOf, type RpcService, tell } from '../../index.js';

/** Where a scenario finds its endpoints. */
export interface Target {
  readonly probe: string;
  readonly fenced: string;
  /** Caller and endpoint are in different services: values are copied, frames have a limit. */
  readonly isRemote: boolean;
  /** Caller and endpoint share a thread: values go by reference. */
  readonly isSameThread: boolean;
}

/** Something that must hold on every path; it is run on the caller's thread. */
export type Scenario = (service: RpcService, target: Target) => Promise<unknown>;

/** A bit of everything that an endpoint can be asked. */
export const ProbeGateway = defineGateway('Probe', {
  echo: ask<[value: unknown], unknown>(),
  count: ask<readonly unknown[], number>(),
  add: ask<[a: number, b: number], number>(),
  note: tell<[value: number]>(),
  noteText: tell<[value: string]>(),
  noteLater: ask<[value: number], number>(),
  /** Blocks the thread until the word is set. */
  waitFor: tell<[gate: Int32Array]>(),
  /** Counts there that it ran. */
  countIn: ask<[counter: Int32Array]>(),
  notes: ask<[], number[]>(),
  length: ask<[value: Uint8Array | string], number>(),
  give: ask<[lengthBytes: number], Uint8Array>(),
  giveOdd: ask<[kind: string], unknown>(),
  fail: ask<[kind: string], void>(),
  failTell: tell<[kind: string]>(),
  never: ask<[], void>(),
  hold: ask<[], string>(),
  release: tell<[answer: string]>(),
  spin: ask<[durationMs: number], void>(),
  spinTell: tell<[durationMs: number]>(),
  thread: ask<[], number>(),
  exit: ask<[code: number], void>(),
  crash: tell<[text: string]>(),
});
export type ProbeGateway = GatewayOf<typeof ProbeGateway>;

export const FencedGateway = defineGateway('Fenced', {
  run: ask<[], number>(),
  poke: tell<[]>(),
});

/** Served by nobody. */
export const UnservedGateway = defineGateway('Unserved', { add: ask<[a: number], number>() });

/** See `Driver`. */
export const DriverGateway = defineGateway('Driver', {
  run: ask<[scenario: string, target: Target], unknown>({ timeoutMs: 60_000 }),
});
