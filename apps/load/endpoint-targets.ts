import { isDeepStrictEqual } from 'node:util';
import { ready } from '../../index.js';
import { type EchoGateway, sequenceOf, stampSequence } from './echo.js';
import type { AskTarget, Outcome, TellTarget } from './load-model.js';

/** Asks the echo endpoint; each reply must be what was sent. */
export function echoAsks(gateway: EchoGateway, payloadBytes: number): AskTarget {
  if (payloadBytes === 0) {
    const numbers: AskTarget<number> = {
      send: (sequence) => gateway.echo(sequence),
      judge: (reply, sequence) => (reply === sequence ? 'ok' : 'wrong'),
    };
    return numbers;
  }
  const judge = (reply: Uint8Array, sequence: number): Outcome => {
    // Stamping the number that belongs here must change nothing.
    const expected = new Uint8Array(4);
    stampSequence(expected, sequence);
    const isRight =
      reply.length === payloadBytes &&
      sequenceOf(reply) === sequenceOf(expected.subarray(0, payloadBytes)) &&
      (payloadBytes <= 4 || reply[payloadBytes - 1] === FILLING);
    return isRight ? 'ok' : 'wrong';
  };
  const send = (sequence: number): Promise<Uint8Array> =>
    gateway.echoBytes(createPayload(payloadBytes, sequence));
  const payloads: AskTarget<Uint8Array> = { send, judge };
  return payloads;
}

/** Tells the echo endpoint; its count and sum must be those of what was told. */
export function echoTells(gateway: EchoGateway, payloadBytes: number): TellTarget {
  const common = {
    ready: () => ready(gateway),
    begin: () => gateway.forget(),
    settle: () => gateway.totals(),
  };
  if (payloadBytes === 0) {
    return {
      ...common,
      tell: (sequence) => gateway.note(sequence),
      tellTimed: (sequence, dueMs) => gateway.noteTimed(sequence, dueMs),
    };
  }
  if (payloadBytes >= 4) {
    return { ...common, tell: (s) => gateway.noteBytes(createPayload(payloadBytes, s)) };
  }
  // Too small for the number: the count is what is compared.
  const settle = async () => ({ received: (await gateway.totals()).received });
  return { ...common, settle, tell: (s) => gateway.noteBytes(createPayload(payloadBytes, s)) };
}

const FILLING = 0x61;

/** A buffer of its own for every call: on the local path it is not copied. */
function createPayload(payloadBytes: number, sequence: number): Uint8Array {
  const bytes = new Uint8Array(payloadBytes).fill(FILLING);
  stampSequence(bytes, sequence);
  return bytes;
}

/** A gateway whose methods are known by name only. */
export type NamedMethods = Readonly<Record<string, (...args: unknown[]) => unknown>>;

/** Asks a method of the user's; with `expected` each reply must equal it. */
export function namedAsks(
  gateway: NamedMethods,
  method: string,
  args: readonly unknown[],
  expected: { readonly value: unknown } | undefined,
): AskTarget {
  return {
    send: () => gateway[method]!(...args) as Promise<unknown>,
    judge: (reply) =>
      expected === undefined || isDeepStrictEqual(reply, expected.value) ? 'ok' : 'wrong',
  };
}

/** Tells a method of the user's; `countMethod` answers how many tells the endpoint has heard. */
export function namedTells(
  gateway: NamedMethods,
  method: string,
  args: readonly unknown[],
  countMethod: string,
): TellTarget {
  const heard = async (): Promise<number> => Number(await gateway[countMethod]!());
  let before = 0;
  return {
    tell: () => void gateway[method]!(...args),
    ready: () => ready(gateway),
    begin: async () => void (before = await heard()),
    settle: async () => ({ received: (await heard()) - before }),
  };
}
