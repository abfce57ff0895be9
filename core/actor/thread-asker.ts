import { checkDurationMs } from '../config/options.js';
import { describeThrown, RpcError, toRpcError } from '../errors/rpc-error.js';
import { Failure } from './actor-messages.js';
import {
  ActorRef,
  type AnyActorRef,
  type Asker,
  type AskTarget,
  failAsk,
  shareAsk,
} from './actor-ref.js';
import type { ActorEnvironment, Recipient } from './actor-environment.js';
import { type CallContext, tooManyPendingAsks } from './pending-calls.js';

/** The sender of one ask: the first thing that it is told is the answer (Akka PromiseActorRef). */
class AskRef extends ActorRef<unknown> implements CallContext, Recipient {
  readonly peer: object;
  readonly uid: number;
  readonly #home: AskerHome;
  readonly #target: string;
  #path: string | undefined;
  /** Number of the pending ask; 0 once it was answered. */
  call = 0;
  /** Who may still answer: when one of several fails it, the ask goes on. */
  #unfailed = 1;

  constructor(home: AskerHome, target: string) {
    super();
    this.#home = home;
    this.peer = home.thread;
    this.uid = home.nextUid();
    this.#target = target;
  }

  /** Who asks for it may send it away, so from now on answers from elsewhere find it. */
  get path(): string {
    if (this.#path !== undefined) return this.#path;
    this.#path = this.#home.format(`/temp/$${this.uid}`, this.uid);
    const { thread, recipients } = this.#home;
    if (thread.pending.peerOf(this.call) === thread) {
      recipients.set(this.uid, this);
      thread.pending.onEnd(this.call, () => recipients.delete(this.uid));
    }
    return this.#path;
  }

  get self(): ActorRef<unknown> {
    return this;
  }

  deliver(message: unknown, sender: AnyActorRef): void {
    this.tell(message, sender);
  }

  tell(message: unknown, sender: AnyActorRef = ActorRef.noSender): void {
    const { pending, deadLetters } = this.#home.thread;
    const call = this.#takeCall();
    const isFailure = message instanceof Failure;
    const isInTime = isFailure
      ? pending.reject(call, this.#failed(message.error))
      : pending.resolve(call, message);
    if (!isInTime) deadLetters.add({ reason: 'unreachable', path: this.path, message, sender });
  }

  /** @internal */
  override [shareAsk](count: number): void {
    this.#unfailed += count - 1;
  }

  /** @internal */
  override [failAsk](error: RpcError): void {
    if (--this.#unfailed > 0) return;
    this.#home.thread.pending.reject(this.#takeCall(), error);
  }

  /** For the first answer only: later ones must not find another call of the same number. */
  #takeCall(): number {
    const { call } = this;
    this.call = 0;
    return call;
  }

  timeoutError(timeoutMs: number, site: Error | undefined): RpcError {
    const causes = 'nobody lives there, nobody answers context.sender, or timeoutMs is too small';
    const text = `no answer from ${this.#target} within ${timeoutMs} ms. Usual causes: ${causes}`;
    const details = { endpoint: this.#target, limit: timeoutMs };
    const error = new RpcError('TIMEOUT', text, details);
    const frames = site?.stack?.slice(site.stack.indexOf('\n'));
    if (frames) error.stack = `${error.name}: ${error.message}${frames}`;
    return error;
  }

  #failed(cause: unknown): RpcError {
    const text = `${this.#target} answered a failure: ${describeThrown(cause)}`;
    return new RpcError('HANDLER_FAILED', text, { cause, endpoint: this.#target });
  }
}

/** What asks need of their system. */
export type AskerHome = Pick<ActorEnvironment, 'thread' | 'recipients' | 'nextUid' | 'format'>;

/** Makes the asks of one system: they wait in its thread's table of calls and deadlines. */
export class ThreadAsker implements Asker {
  isClosed = false;
  readonly #home: AskerHome;

  constructor(home: AskerHome) {
    this.#home = home;
  }

  /** An async function: whatever is wrong, an ask only ever rejects. */
  async ask(target: AskTarget, message: unknown, timeoutMs: number): Promise<unknown> {
    checkDurationMs('timeoutMs', timeoutMs);
    const { thread } = this.#home;
    const { systemName, maxPendingAsks } = thread.settings;
    if (this.isClosed) {
      throw new RpcError('SERVICE_CLOSED', `actor system ${systemName} is closed`);
    }
    const sender = new AskRef(this.#home, target.path);
    const deadline = timeoutMs === 0 ? 0 : thread.deadlineAfter(timeoutMs);
    sender.call = thread.pending.open(sender, deadline, timeoutMs);
    if (sender.call === 0) throw tooManyPendingAsks(maxPendingAsks);
    const answer = thread.pending.promise(sender.call);
    const site = thread.captureSite();
    if (site) thread.pending.rememberSite(sender.call, site);
    try {
      target.tell(message as never, sender);
    } catch (error) {
      const text = `${target.path} cannot be asked`;
      thread.pending.reject(sender.call, toRpcError(error, 'RECIPIENT_UNREACHABLE', text));
    }
    return answer;
  }
}
