import { performance } from 'node:perf_hooks';
import { threadOf } from '../actor/cell.js';
import { payloadBytes, startPayload, type BesideSource } from '../actor/payloads.js';
import { type Relay, UNSENT } from '../actor/pending-calls.js';
import type { ReplyEnvelope } from '../codec/envelope.js';
import { decodeFailure } from '../codec/failure-codec.js';
import { RECORD_REPLY, STATUS_VALUE } from '../codec/stamps.js';
import { RpcError } from '../errors/rpc-error.js';
import type { InboundLane } from '../mailbox/inbound-lane.js';
import type { WaitOnTheSpot } from '../mailbox/mailbox-observer.js';
import { decodeAnswer, encodeCall } from './coded-calls.js';
import { callTurn } from './current-call.js';
import { type GatewayFacts, viewOfGateway } from './gateway-builder.js';
import { BoundMethod, takeOptions } from './gateway-client.js';
import { OutletClient } from './outlet-client.js';

/** A gateway whose asks wait on the spot: they answer the value, or throw the `RpcError`. */
export type BlockingGateway<G> = {
  readonly [Name in keyof G]: G[Name] extends (...args: infer Args) => Promise<infer Result>
    ? (...args: Args) => Result
    : G[Name];
};

/** One ask and the wait for its answer. */
class BlockingCall implements Relay, WaitOnTheSpot {
  readonly from: number;
  isOver = false;
  readonly #client: OutletClient;
  readonly #method: BoundMethod;
  readonly #timeoutMs: number;
  readonly #endMs: number;
  #call = 0;
  #value: unknown;
  #error: RpcError | undefined;
  /** The way there is closed; what came back has been looked at since. */
  #isLost = false;
  /** Calls that came from the very thread that is to answer. */
  #callsFromThere = 0;

  constructor(client: OutletClient, method: BoundMethod, timeoutMs: number) {
    this.#client = client;
    this.#method = method;
    this.#timeoutMs = timeoutMs;
    // Not the service's clock: that of a test stands still as long as this thread does.
    this.#endMs = performance.now() + timeoutMs;
    this.from = threadOf(method.target.recipient);
  }

  run(args: unknown[]): unknown {
    const { thread } = this.#client;
    thread.spot?.begin();
    this.#checkAlarm();
    if (!this.isOver) {
      this.#call = this.#client.askFor(this, this.#method, args, this.#timeoutMs);
      callTurn.keep();
      thread.mailbox.waitOnTheSpot(this);
    }
    if (this.#error) throw this.#error;
    return this.#value;
  }

  get leftMs(): number {
    return this.#endMs - performance.now();
  }

  onReply(reply: ReplyEnvelope, source: BesideSource): void {
    this.isOver = true;
    try {
      if (reply.status === STATUS_VALUE) {
        const { decoder } = this.#client.thread;
        startPayload(decoder, reply, source);
        this.#value = decoder.next();
      } else {
        this.#error = decodeFailure(payloadBytes(reply, source));
      }
    } catch (error) {
      const text = 'an answer could not be read';
      this.#error = new RpcError('PROTOCOL_ERROR', text, { cause: error });
    }
  }

  onFailure(error: RpcError): void {
    this.isOver = true;
    this.#error = error;
  }

  onRecordWhileWaiting(lane: InboundLane, type: number, offset: number): boolean {
    const { thread } = this.#client;
    if (thread.takeAnswer(lane, type, offset)) return true;
    if (type !== RECORD_REPLY && lane.producer === this.from) this.#callsFromThere++;
    thread.spot?.look(lane, type, offset);
    return false;
  }

  onTick(): void {
    const { thread } = this.#client;
    thread.tickOnTheSpot();
    this.#checkAlarm();
    if (this.isOver) return;
    if (this.leftMs > 0) return;
    this.#end(this.#timeoutError());
  }

  #timeoutError(): RpcError {
    const { thread } = this.#client;
    const timeoutMs = this.#timeoutMs;
    const isUnsent = this.#client.isWaiting(this.#call);
    // Home passes on the calls of all others: what comes from there proves nothing.
    const isCircle = this.#callsFromThere > 0 || thread.mailbox.inbound.isHandingOver(this.from);
    if (this.from === 0 || !isCircle) {
      const site = new Error('the call was made here');
      return this.#method.timeoutError(timeoutMs, site, isUnsent ? UNSENT : undefined);
    }
    const met = 'the thread that was to answer waits for an answer of this one';
    const why = 'two threads that block on each other wait until their deadlines';
    const text = `no answer within ${timeoutMs} ms. It seems that ${met}: ${why}; await one`;
    const error = this.#method.error('TIMEOUT', text, isUnsent ? 'none' : 'unknown');
    return Object.assign(error, { limit: timeoutMs });
  }

  #checkAlarm(): void {
    const alarm = this.#client.thread.spot?.alarmFor(this.from) ?? this.#lost();
    if (!alarm) return;
    const text = alarm.message.replace(`${alarm.code}: `, '');
    const isUnsent = this.#call === 0 || this.#client.isWaiting(this.#call);
    this.#end(this.#method.error(alarm.code, text, isUnsent ? 'none' : 'unknown', alarm.cause));
  }

  /** The thread was met in a later life. Its answer may be here already: looks once more. */
  #lost(): RpcError | undefined {
    if (this.#call === 0 || this.#client.isOpen) return undefined;
    if (this.#isLost) return new RpcError('THREAD_TERMINATED', 'the thread was started again');
    this.#isLost = true;
    return undefined;
  }

  #end(error: RpcError): void {
    const { pending } = this.#client.thread;
    if (this.#call === 0) this.onFailure(error);
    else pending.giveUp(this.#call, error);
  }
}

/**
 * The same gateway with asks that wait on the spot (Flink: a gateway method that returns neither
 * void nor a future): they answer the value or throw the `RpcError`, within the ask's deadline,
 * which must not be 0. Meanwhile this thread takes nothing but answers; calls to its endpoints,
 * tasks and timers wait in their order and run afterwards. Bytes that were lent to a handler until
 * its first await are lent until its first blocking call.
 *
 * For worker threads; on the home thread, whose sockets and timers would stand still, only with the
 * option `blockingOnHome`, and never for an endpoint of another process. Throws `INVALID_STATE`
 * where it could only wait for itself: for an endpoint of the same thread.
 */
export function blocking<G extends object>(gateway: G): BlockingGateway<G> {
  const view = viewOfGateway(gateway, (way, descriptor) => {
    const client = clientOf(way);
    const { target } = way;
    const method = new BoundMethod(target, descriptor, client);
    return (...args: unknown[]): unknown => {
      const options = takeOptions(args);
      const timeoutMs = options?.timeoutMs ?? method.timeoutMs;
      if (timeoutMs === 0) {
        const text = 'a blocking call needs a deadline: timeoutMs must be above 0';
        throw method.error('INVALID_ARGUMENT', text, 'none');
      }
      if (options?.signal?.aborted) {
        const { reason } = options.signal as { readonly reason: unknown };
        throw method.error('CANCELLED', 'the signal was aborted', 'none', reason);
      }
      if (target.follows) method.follow(target.follows);
      const { coding } = descriptor;
      if (!coding) return new BlockingCall(client, method, timeoutMs).run(args);
      const bytes = encodeCall(method, coding, args, client);
      const answer = new BlockingCall(client, method, timeoutMs).run([bytes]);
      return decodeAnswer(coding, answer);
    };
  });
  return view as BlockingGateway<G>;
}

/** The client that may wait on the spot; throws `INVALID_STATE` for the others. */
function clientOf({ client, target }: GatewayFacts): OutletClient {
  const refuse = (why: string): never => {
    const text = `blocking(gateway) to ${target.address}: ${why}`;
    throw new RpcError('INVALID_STATE', text, { address: target.address });
  };
  if (!(client instanceof OutletClient)) {
    return refuse('the endpoint lives on this very thread, which would wait for itself; await it');
  }
  const { thread, isRemote } = client;
  if (thread.thread !== 0) return client;
  if (!thread.settings.blockingOnHome) {
    const why = 'it would stop the sockets and timers of the home thread';
    return refuse(`${why}; await it, or set the option blockingOnHome`);
  }
  if (isRemote) return refuse('the home thread itself reads the sockets; await it');
  return client;
}
