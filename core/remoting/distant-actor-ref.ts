import {
  ActorRef,
  type AnyActorRef,
  type Asker,
  askerOf,
  type DistantWatch,
  failAsk,
  offer,
  stopActor,
  watchFrom,
} from '../actor/actor-ref.js';
import type { Walk } from '../actor/actor-node.js';
import { ignoreRejection } from '../base/deferred.js';
import type { ErrorCode } from '../errors/error-codes.js';
import { isRpcError, type RpcError, toRpcError } from '../errors/rpc-error.js';
import { withRoom } from '../rpc/with-room.js';
import { DistantAsker, type LinkedHost, walkAt } from './distant-asker.js';
import type { ActorHostGateway } from './host-contract.js';
import { whenSettled } from './host-link.js';
import { ASK_FAILURE, errorToWire, toWire, unwrapped } from './wire-message.js';

/** Errors that say: who was there is there no more. */
const GONE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'RECIPIENT_UNREACHABLE',
  'THREAD_TERMINATED',
  'PEER_LOST',
  'CONNECTION_FAILED',
  'SERVICE_CLOSED',
]);

function isGone(error: unknown): boolean {
  return isRpcError(error) && GONE.has(error.code);
}

/** A reference to an actor of another thread or process: messages are copied. */
export class DistantActorRef extends ActorRef<unknown> {
  readonly path: string;
  readonly uid: number;
  readonly #host: LinkedHost;
  #isStopping = false;

  constructor(path: string, uid: number, host: LinkedHost) {
    super();
    this.path = path;
    this.uid = uid;
    this.#host = host;
  }

  /** @internal */
  override get [askerOf](): Asker {
    return new DistantAsker(this.#host, (host, [kind, body], options) =>
      host.ask(this.uid, kind, body, options.timeoutMs ?? 0, options),
    );
  }

  tell(message: unknown, sender: AnyActorRef = ActorRef.noSender): void {
    const from = this.#host.senderPath(sender);
    const [kind, body] = toWire(message);
    const fail = (error: RpcError): void => this.#refused(message, sender, error);
    try {
      this.#host.link.use((host) => host.tell(this.uid, kind, body, from), fail);
    } catch (error) {
      if (!isGone(error)) throw error;
      fail(error as RpcError);
    }
  }

  /** @internal */
  override [offer](message: unknown, sender: AnyActorRef): void {
    try {
      this.tell(message, sender);
    } catch (error) {
      this.#refused(message, sender, toRpcError(error, 'NOT_SERIALIZABLE', this.path));
    }
  }

  /** @internal */
  override [failAsk](error: RpcError): void {
    if (!this.path.includes('/temp/$')) return;
    const body = errorToWire(error);
    this.#tryUse((host) => host.tell(this.uid, ASK_FAILURE, body, ''));
  }

  /** @internal */
  override [watchFrom](onEnd: (error?: unknown) => void): DistantWatch {
    const watch = this.#host.nextWatch();
    let isOver = false;
    let isAsked = false;
    const end = (error?: unknown): void => {
      if (isOver) return;
      isOver = true;
      const reason = unwrapped(error);
      if (reason === undefined || isGone(reason)) onEnd();
      else onEnd(reason);
    };
    const { link, clock } = this.#host;
    const ask = (host: ActorHostGateway): Promise<void> =>
      withRoom(clock, async () => {
        if (isOver) return;
        isAsked = true;
        try {
          await host.watch(this.uid, watch);
        } finally {
          isAsked = false;
        }
      });
    link.use((host) => whenSettled(ask(host), end), end);
    return {
      release: () => {
        if (isOver) return;
        isOver = true;
        if (isAsked) ignoreRejection(this.#insist((host) => host.unwatch(watch)));
      },
    };
  }

  /** @internal */
  override [stopActor](): void {
    // One at a time: whoever stops it again and again makes nothing grow.
    if (this.#isStopping) return;
    this.#isStopping = true;
    const isDone = (): void => void (this.#isStopping = false);
    this.#insist((host) => host.stop(this.uid)).then(isDone, isDone);
  }

  /** Goes on with the walk of a selection at this actor. */
  walkOn({ steps, uid = 0, message, sender }: Walk): void {
    walkAt(this.#host, { from: this.uid, steps, uid }, message, sender);
  }

  /** For what must arrive: goes on until there is room, or until the way is closed. */
  #insist(use: (host: ActorHostGateway) => void): Promise<void> {
    const { link, clock } = this.#host;
    const run = (): Promise<void> =>
      new Promise((resolve, reject) => {
        link.use((host) => resolve(use(host)), reject);
      });
    return withRoom(clock, run);
  }

  /** For what nobody waits for, and what is void once the way is closed. */
  #tryUse(use: (host: ActorHostGateway) => void): void {
    try {
      this.#host.link.use(use, () => {});
    } catch {
      // Closed: nobody is there to hear it. Full: whoever waits for it has a time limit.
    }
  }

  #refused(message: unknown, sender: AnyActorRef, error: RpcError): void {
    const { deadLetters } = this.#host;
    deadLetters.add({ reason: 'unreachable', path: this.path, error, message, sender });
    sender[failAsk](error);
  }
}
