import type { DistantSystem, Walk } from '../actor/actor-node.js';
import { parseSelection } from '../actor/actor-path.js';
import type { AnyActorRef, Asker, AskTarget } from '../actor/actor-ref.js';
import type { DeadLetters } from '../actor/dead-letters.js';
import type { Clock, TimerHandle } from '../base/clock.js';
import { checkDurationMs } from '../config/options.js';
import { isRpcError, RpcError, toRpcError } from '../errors/rpc-error.js';
import { type CallOptions, callOptions } from '../rpc/gateway.js';
import {
  type ActorHostGateway,
  FROM_ROOT,
  type WireMessage,
  type WireWalk,
} from './host-contract.js';
import type { HostLink } from './host-link.js';
import { fromWire, toWire, unwrapped } from './wire-message.js';

/** What references to other threads and processes need of their own. */
export interface LinkedHost {
  readonly link: HostLink;
  readonly clock: Clock;
  readonly deadLetters: DeadLetters;
  /** A name that no other watch has. */
  nextWatch(): string;
  /** The path of a sender as it can be found from elsewhere; empty for nobody. */
  senderPath(sender: AnyActorRef): string;
}

/** Makes one ask of a host. */
type AskCall = (
  host: ActorHostGateway,
  message: WireMessage,
  options: CallOptions,
  target: AskTarget,
) => Promise<WireMessage>;

/**
 * Asks actors of another thread or process: the call of the engine carries question and answer, so
 * deadlines and lost peers are its business.
 */
export class DistantAsker implements Asker {
  readonly #host: LinkedHost;
  readonly #call: AskCall;

  constructor(host: LinkedHost, call: AskCall) {
    this.#host = host;
    this.#call = call;
  }

  /** An async function: whatever is wrong, an ask only ever rejects. */
  async ask(target: AskTarget, message: unknown, timeoutMs: number): Promise<unknown> {
    checkDurationMs('timeoutMs', timeoutMs);
    const wire = toWire(message);
    try {
      const [kind, body] = await this.#send(target, wire, timeoutMs);
      return fromWire(kind, body);
    } catch (thrown) {
      const error = toRpcError(unwrapped(thrown), 'NOT_SERIALIZABLE', `asking ${target.path}`);
      throw error.code === 'TIMEOUT' ? timedOut(target, timeoutMs, error) : error;
    }
  }

  #send(target: AskTarget, wire: WireMessage, timeoutMs: number): Promise<WireMessage> {
    const { link, clock } = this.#host;
    return new Promise((resolve, reject) => {
      const startMs = clock.nowMs();
      let timer: TimerHandle | undefined;
      let isOver = false;
      // Once the way is open the call has a deadline of its own.
      if (!link.isOpen && timeoutMs > 0) {
        timer = clock.schedule(() => {
          isOver = true;
          reject(new RpcError('TIMEOUT', 'there was no way to it in time', { effect: 'none' }));
        }, timeoutMs);
      }
      const use = (host: ActorHostGateway): void => {
        timer?.cancel();
        if (isOver) return;
        const leftMs = timeoutMs === 0 ? 0 : Math.max(1, timeoutMs - (clock.nowMs() - startMs));
        this.#call(host, wire, callOptions({ timeoutMs: leftMs }), target).then(resolve, reject);
      };
      const fail = (error: RpcError): void => {
        timer?.cancel();
        reject(error);
      };
      link.use(use, fail);
    });
  }
}

/** Sends a walk to a host. Throws as a tell does. */
export function walkAt(
  { link, deadLetters, senderPath }: LinkedHost,
  walk: WireWalk,
  message: unknown,
  sender: AnyActorRef,
): void {
  const from = senderPath(sender);
  const [kind, body] = toWire(message);
  link.use(
    (host) => host.select(walk, kind, body, from),
    (error) => {
      const path = walk.steps.join('/');
      deadLetters.add({ reason: 'unreachable', path, error, message, sender });
    },
  );
}

/** The tree of actors at the end of a link. */
export function distantSystem(host: LinkedHost): DistantSystem {
  return {
    root: {
      parent: undefined,
      self: undefined,
      childNodes: new Map(),
      walkOn: ({ steps, uid = 0, message, sender }: Walk) =>
        walkAt(host, { from: FROM_ROOT, steps, uid }, message, sender),
    },
    asker: new DistantAsker(host, (gateway, [kind, body], options, target) => {
      const { steps, uid = 0 } = parseSelection(target.path);
      const walk = { from: FROM_ROOT, steps, uid };
      return gateway.askSelection(walk, kind, body, options.timeoutMs ?? 0, options);
    }),
  };
}

function timedOut(target: AskTarget, timeoutMs: number, cause: RpcError): RpcError {
  const causes = 'nobody answers context.sender, its thread is busy, or timeoutMs is too small';
  const text = `no answer from ${target.path} within ${timeoutMs} ms. Usual causes: ${causes}`;
  const { effect } = isRpcError(cause) ? cause : { effect: 'unknown' as const };
  return new RpcError('TIMEOUT', text, { cause, effect, endpoint: target.path, limit: timeoutMs });
}
