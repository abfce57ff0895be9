import {
  type AnyGateway,
  ask,
  type CallSender,
  type CurrentCall,
  callOptions,
  currentCall,
  defineGateway,
  RpcEndpoint,
  type RpcService,
  type Serves,
} from '../../index.js';
import type { Equal, Expect, IsAny } from './type-helpers.js';

const Slow = defineGateway('Slow', { work: ask<[steps: number], number>() });

export type Facts = [
  Expect<Equal<ReturnType<typeof currentCall>, CurrentCall>>,
  Expect<Equal<CurrentCall['signal'], AbortSignal>>,
  Expect<Equal<CurrentCall['deadlineMs'], number>>,
  Expect<Equal<CurrentCall['sender'], CallSender>>,
  Expect<Equal<CallSender['thread'], number | 'home'>>,
  Expect<Equal<ReturnType<CurrentCall['isCancelled']>, boolean>>,
  Expect<Equal<IsAny<CurrentCall>, false>>,
];

/** A serial endpoint is an endpoint like any other. */
export class Worker extends RpcEndpoint implements Serves<typeof Slow> {
  static override readonly gateways: readonly AnyGateway[] = [Slow];
  static override readonly serial = true;

  async work(steps: number): Promise<number> {
    const call = currentCall();
    // @ts-expect-error what a call is cannot be changed
    call.deadlineMs = 1;
    for (let i = 0; i < steps && !call.isCancelled(); i++) await Promise.resolve();
    return steps;
  }
}

// @ts-expect-error serial is a flag
export class Odd extends RpcEndpoint {
  static override readonly serial = 'yes';
}

/** Never run: the compiler is the test. */
export async function calls(service: RpcService): Promise<void> {
  const server = await service.startServer(Worker);
  const worker = server.getSelfGateway(Slow);
  await worker.work(1, callOptions({ signal: new AbortController().signal, timeoutMs: 5 }));
  // @ts-expect-error an AbortController is not a signal
  callOptions({ signal: new AbortController() });
}
