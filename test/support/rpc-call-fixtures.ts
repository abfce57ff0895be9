import { BroadcastChannel } from 'node:worker_threads';
import {
  ask,
  callOptions,
  type CallSender,
  currentCall,
  defineGateway,
  type GatewayOf,
  isRpcError,
  RpcEndpoint,
  type Serves,
  tell,
} from '../../index.js';

/** What {@link currentCall} says. */
export interface CallReport {
  readonly deadlineMs: number;
  readonly sender: CallSender;
  readonly isCancelled: boolean;
  readonly isAborted: boolean;
  readonly isOneObject: boolean;
}

export const CallsGateway = defineGateway('Calls', {
  describe: ask<[], CallReport>(),
  mark: ask<[line: string], void>(),
  markTold: tell<[line: string]>(),
  /** Waits for its signal and writes down why it aborted. */
  untilAborted: ask<[line: string], void>(),
  /** Lets another endpoint wait for its signal, on behalf of this thread. */
  waitAt: tell<[address: string, line: string]>(),
  /** Blocks its thread until it is cancelled; says on the channel that it has begun. */
  untilCancelled: ask<[line: string, channel: string], number>(),
  /** The code of `currentCall` after an await, in a task, and in a timer. */
  outside: ask<[], string[]>(),
  diary: ask<[], string[]>(),
});
export type CallsGateway = GatewayOf<typeof CallsGateway>;

/** Bounds every handler that blocks, should the cancel be lost. */
const BLOCK_LIMIT_MS = 10_000;

/** Why signals of this thread aborted: outlives the endpoints. */
export const abortedHere: string[] = [];

function codeOf(task: () => unknown): string {
  try {
    task();
    return 'none';
  } catch (error) {
    return isRpcError(error) ? error.code : String(error);
  }
}

/** Looks at its calls, and keeps a diary of what ran. */
export class Calls extends RpcEndpoint implements Serves<typeof CallsGateway> {
  static override readonly gateways = [CallsGateway];
  static override readonly module: string = import.meta.url;
  readonly #diary: string[] = [];

  describe(): CallReport {
    const call = currentCall();
    const isOneObject = currentCall() === call;
    const { deadlineMs, sender } = call;
    const isCancelled = call.isCancelled();
    return { deadlineMs, sender, isCancelled, isAborted: call.signal.aborted, isOneObject };
  }

  mark(line: string): void {
    this.#diary.push(line);
  }

  markTold(line: string): void {
    const { deadlineMs, signal } = currentCall();
    this.#diary.push(`${line} ${deadlineMs} ${signal.aborted}`);
  }

  async untilAborted(line: string): Promise<void> {
    const { signal } = currentCall();
    this.#diary.push(`${line} waits`);
    if (!signal.aborted) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    }
    const why = `${line} ${isRpcError(signal.reason) ? signal.reason.code : 'odd'}`;
    this.#diary.push(why);
    abortedHere.push(why);
  }

  async waitAt(address: string, line: string): Promise<void> {
    const gateway = await this.rpcService.connect(address, CallsGateway);
    await gateway.untilAborted(line, callOptions({ timeoutMs: 0 }));
  }

  untilCancelled(line: string, channel: string): number {
    const call = currentCall();
    const start = new BroadcastChannel(channel);
    start.postMessage('begun');
    start.close();
    const end = performance.now() + BLOCK_LIMIT_MS;
    let looks = 0;
    while (!call.isCancelled() && performance.now() < end) looks++;
    this.#diary.push(`${line} ${call.isCancelled()} ${call.signal.aborted}`);
    return looks;
  }

  async outside(): Promise<string[]> {
    await Promise.resolve();
    const codes = [codeOf(currentCall)];
    codes.push(await this.callAsync(() => codeOf(currentCall), 5_000));
    await new Promise<void>((resolve) => {
      this.scheduleRunAsync(() => {
        codes.push(codeOf(currentCall));
        resolve();
      }, 1);
    });
    return codes;
  }

  diary(): string[] {
    return this.#diary.splice(0);
  }
}
