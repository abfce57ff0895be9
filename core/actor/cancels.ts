import { CANCEL_BYTES, RECORD_CANCEL, stampCancel } from '../codec/stamps.js';
import { RpcError } from '../errors/rpc-error.js';
import type { CallOutlet } from '../mailbox/call-outlet.js';

/** A call under way whose caller may give up. */
export interface Cancellable {
  /** The caller waits no more; the answer to it frees the number of the call there. */
  onCancel(): void;
  /** The caller's thread or process is gone: nobody can be answered. */
  onCallerLost(error: RpcError): void;
}

/** Whose call it is: undefined means this very thread's. */
type Caller = CallOutlet | undefined;

/** The calls under way on one thread that can be cancelled, by caller and call number. */
export class Cancels {
  readonly #byCaller = new Map<Caller, Map<number, Cancellable>>();

  /** A caller that is gone by now is lost at once: nothing is kept that nobody would forget. */
  add(caller: Caller, call: number, cancellable: Cancellable): void {
    if (caller?.isOpen === false) {
      const code = caller.isRemote ? 'PEER_LOST' : 'THREAD_TERMINATED';
      return cancellable.onCallerLost(new RpcError(code, 'the caller was lost before'));
    }
    let calls = this.#byCaller.get(caller);
    if (calls === undefined) this.#byCaller.set(caller, (calls = new Map()));
    calls.set(call, cancellable);
  }

  remove(caller: Caller, call: number): void {
    this.#byCaller.get(caller)?.delete(call);
  }

  /** The caller gave up. A call that has been answered meanwhile is not here any more. */
  cancel(caller: Caller, call: number): Cancellable | undefined {
    const calls = this.#byCaller.get(caller);
    const found = calls?.get(call);
    calls?.delete(call);
    found?.onCancel();
    return found;
  }

  /** Everything of one caller: its thread or connection ended. */
  lose(caller: CallOutlet, error: RpcError): void {
    const calls = this.#byCaller.get(caller);
    this.#byCaller.delete(caller);
    for (const cancellable of calls?.values() ?? []) cancellable.onCallerLost(error);
  }
}

/**
 * Sends the Cancel record of a call whose cancel bit is set. There is one an ask at most, so it is
 * never refused room; through a closed outlet nobody needs it.
 */
export function sendCancel(outlet: CallOutlet, call: number): void {
  const at = outlet.claimReply(CANCEL_BYTES);
  if (at < 0) return;
  stampCancel(outlet.words, at, call);
  outlet.commit(CANCEL_BYTES, RECORD_CANCEL);
}
