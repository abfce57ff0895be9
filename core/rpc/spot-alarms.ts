import type { ActorThread, SpotWatch } from '../actor/actor-thread.js';
import { recipientOf } from '../actor/cell.js';
import { startPayload } from '../actor/payloads.js';
import { InvocationEnvelope } from '../codec/envelope.js';
import { FLAG_BESIDE, RECORD_INVOCATION } from '../codec/stamps.js';
import { RpcError } from '../errors/rpc-error.js';
import type { InboundLane } from '../mailbox/inbound-lane.js';
import { type EndedThread, threadTerminated } from './thread-end.js';
import { AGENT_SLOT, AgentGateway } from './system-contracts.js';

const names = AgentGateway.methods.map(({ name }) => name);
const TERMINATE_ALL = names.indexOf('terminateAll' satisfies keyof AgentGateway);
const THREAD_TERMINATED = names.indexOf('threadTerminated' satisfies keyof AgentGateway);

/**
 * What a thread that waits on the spot must not sleep through: its service closes, or the thread
 * that was to answer has ended. Both come as calls to the agent, which wait like all others; they
 * are only read here, and processed when the wait is over.
 */
export class SpotAlarms implements SpotWatch {
  readonly #thread: ActorThread;
  readonly #agent: number;
  readonly #poll: () => void;
  readonly #envelope = new InvocationEnvelope();
  #isClosing = false;
  readonly #ended = new Map<number, EndedThread>();

  constructor(thread: ActorThread, poll: () => void) {
    this.#thread = thread;
    this.#agent = recipientOf(thread.thread, AGENT_SLOT);
    this.#poll = poll;
  }

  begin(): void {
    // What waits here since an earlier wait has been read then.
    if (this.#thread.mailbox.inbound.hasKept) return;
    this.#isClosing = false;
    this.#ended.clear();
  }

  poll(): void {
    this.#poll();
  }

  look(lane: InboundLane, type: number, offset: number): void {
    if (type !== RECORD_INVOCATION || lane.producer !== 0) return;
    const envelope = this.#envelope;
    envelope.wrap(lane, type, offset);
    if (envelope.recipient !== this.#agent) return;
    if (envelope.method === TERMINATE_ALL) this.#isClosing = true;
    if (envelope.method !== THREAD_TERMINATED) return;
    // What came beside the lane can be taken only once.
    if ((envelope.flags & FLAG_BESIDE) !== 0) return;
    const { decoder } = this.#thread;
    startPayload(decoder, envelope, lane);
    const [thread, life, reason, cause] = decoder.take(envelope.argumentCount);
    const ended = { thread, life, reason, cause } as EndedThread;
    this.#ended.set(ended.thread, ended);
  }

  alarmFor(thread: number): RpcError | undefined {
    const effect = 'unknown';
    if (this.#isClosing) {
      const text = 'the service closes while a blocking call waits';
      return new RpcError('SERVICE_CLOSED', text, { effect });
    }
    const ended = this.#ended.get(thread);
    return ended && threadTerminated(ended, effect);
  }
}
