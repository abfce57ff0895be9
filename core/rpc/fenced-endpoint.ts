import type { Fence, FencingToken } from './fencing.js';
import { type AsyncTask, contextOf, RpcEndpoint } from './endpoint.js';
import type { MainThreadExecutor } from './main-thread.js';

/**
 * An endpoint that serves one leader session at a time (Flink FencedRpcEndpoint): calls must carry
 * its token, which is compared when the call is processed.
 *
 * Usually a session is an endpoint: the token is given to the constructor and stays. An endpoint
 * that outlives its sessions takes the next one by {@link setFencingToken}, and declares `null`
 * among its tokens when it can be without one: `FencedRpcEndpoint<string | null>`. What it has sent
 * to itself belongs to the session in which it was sent: `runAsync` tasks and timers of an earlier
 * one are dropped and go to dead letters, `callAsync` fails with `FENCING_TOKEN_MISMATCH`.
 */
export abstract class FencedRpcEndpoint<
  Token extends FencingToken | null = FencingToken,
> extends RpcEndpoint {
  readonly #fence: Fence;

  constructor(fencingToken: Token) {
    super();
    this.#fence = contextOf(this).fenceWith(fencingToken);
  }

  /** The current token; null: not the leader. */
  get fencingToken(): Token {
    return this.#fence.token as Token;
  }

  /**
   * Begins another leader session, or ends the one there is (null: every fenced call fails with
   * `FENCING_TOKEN_MISMATCH`). Only in the main thread (`WRONG_THREAD`). An epoch below the highest
   * that the endpoint has seen, in a call or here, is refused with `FENCING_TOKEN_MISMATCH`.
   */
  protected setFencingToken(fencingToken: Token): void {
    this.validateRunsInMainThread();
    this.#fence.set(fencingToken);
  }

  /** Runs `task` in a later turn, whatever the token is then. */
  protected runAsyncWithoutFencing(task: () => void): void {
    contextOf(this).unfencedExecutor.execute(task);
  }

  /** As `callAsync`, whatever the token is when its turn comes. */
  protected callAsyncWithoutFencing<T>(task: AsyncTask<T>, timeoutMs: number): Promise<T> {
    return contextOf(this).callAsyncWithoutFencing(task, timeoutMs);
  }

  /** The executor of the main thread past the fence: for the change of leaders itself. */
  protected getUnfencedMainThreadExecutor(): MainThreadExecutor {
    return contextOf(this).unfencedExecutor;
  }
}
