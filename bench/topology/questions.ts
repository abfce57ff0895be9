import { ready } from '../../index.js';
import { type Budget, type Figures, WrongReply } from '../harness/cell.js';
import { drive, type Question } from '../harness/drive.js';
import { driveTells } from '../harness/drive-tells.js';
import { ECHOES, type EchoName, NUMBER, questionOf, sharedViews } from '../harness/payloads.js';
import type { BenchGateway } from './bench-endpoint.js';

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

/** A cell that asks what `questionFor` makes of a gateway. */
function asking<Reply>(questionFor: (gateway: BenchGateway) => Question<Reply>): GatewayCell {
  return (gateway, budget, otherCpuUs) =>
    drive({ ...questionFor(gateway), ...withOther(otherCpuUs) }, budget);
}

/** Ask of a number; nothing stands between the loop and the gateway's method. */
export function askNumber(window: number): GatewayCell {
  return asking((gateway) => ({ window, call: gateway.echo, isRight: NUMBER.isReply }));
}

/** Ask of a payload that comes back. */
export function askEcho(name: EchoName, window: number): GatewayCell {
  if (name === 'number') return askNumber(window);
  if (name === 'record') {
    return asking((gateway) => questionOf(ECHOES.record(), window, gateway.echoRecord));
  }
  if (name === 'text' || name === '1-kib-text') {
    return asking((gateway) => questionOf(ECHOES[name](), window, gateway.echoText));
  }
  return asking((gateway) => questionOf(ECHOES[name](window), window, gateway.echoBytes));
}

/** Ask without arguments and without a result. */
export function askNothing(window: number): GatewayCell {
  return asking((gateway) => ({
    window,
    call: () => gateway.nothing(),
    isRight: (reply) => reply === undefined,
  }));
}

/** Ask of three numbers for their sum. */
export function askThreeNumbers(window: number): GatewayCell {
  return asking((gateway) => ({
    window,
    call: (index) => gateway.sum(index, index + 1, index + 2),
    isRight: (reply, index) => reply === 3 * index + 3,
  }));
}

/** Ask about a view of shared memory: only its number has to move. */
export function askSharedView(window: number): GatewayCell {
  return asking((gateway) => questionOf(sharedViews(window), window, gateway.lastNumber));
}

/** Ask of a number that the handler answers in its next turn. */
export function askNextTurn(window: number): GatewayCell {
  return asking((gateway) => questionOf(NUMBER, window, gateway.echoNextTurn));
}

/** Ask of a number that the handler answers after 5 ms. */
export function askSlowly(window: number): GatewayCell {
  return asking((gateway) => questionOf(NUMBER, window, gateway.echoSlowly));
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
