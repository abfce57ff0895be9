import type { InvocationEnvelope } from '../codec/envelope.js';
import type { TokenWords } from '../codec/stamps.js';
import { RpcError } from '../errors/rpc-error.js';

/** A leader session: a UUID, or an epoch that only grows (64 bits, above 0). */
export type FencingToken = string | bigint;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const EPOCH_MAX = (1n << 64n) - 1n;
/** What calls carry while there is no token: nobody takes it but who has the nil UUID. */
const NIL: TokenWords = [0, 0, 0, 0];

/**
 * The token as it travels; throws `INVALID_ARGUMENT` for anything but a UUID or an epoch. Epochs
 * travel as the UUIDs that begin with 64 zero bits, which RFC 9562 knows one of: nil.
 */
export function tokenWords(token: FencingToken): TokenWords {
  if (typeof token === 'bigint' && token > 0n && token <= EPOCH_MAX) {
    return [0, 0, Number((token >> 32n) & 0xffff_ffffn) | 0, Number(token & 0xffff_ffffn) | 0];
  }
  if (typeof token === 'string' && UUID.test(token)) {
    const hex = token.replaceAll('-', '');
    const word = (index: number): number => parseInt(hex.slice(index * 8, index * 8 + 8), 16) | 0;
    const words: TokenWords = [word(0), word(1), word(2), word(3)];
    if (!isEpoch(words)) return words;
  }
  const rule = 'a UUID of RFC 9562 (string) or an epoch from 1 to 2^64 - 1 (bigint)';
  throw new RpcError('INVALID_ARGUMENT', `a fencing token is ${rule}, not ${String(token)}`);
}

/** The inverse of {@link tokenWords}. */
export function tokenFromWords(words: TokenWords): FencingToken {
  if (isEpoch(words)) return epochOf(words);
  const [a, b, c, d] = words.map((word) => (word >>> 0).toString(16).padStart(8, '0'));
  return `${a}-${b!.slice(0, 4)}-${b!.slice(4)}-${c!.slice(0, 4)}-${c!.slice(4)}${d}`;
}

function isEpoch(words: TokenWords): boolean {
  return words[0] === 0 && words[1] === 0 && (words[2] !== 0 || words[3] !== 0);
}

function epochOf(words: TokenWords): bigint {
  return (BigInt(words[2] >>> 0) << 32n) | BigInt(words[3] >>> 0);
}

function tokensEqual(a: TokenWords, b: TokenWords): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3];
}

/** The token that an invocation carries; only when it is fenced. */
export function tokenOf(envelope: InvocationEnvelope): TokenWords {
  return [
    envelope.tokenWord(0),
    envelope.tokenWord(1),
    envelope.tokenWord(2),
    envelope.tokenWord(3),
  ];
}

/** The token of an endpoint as those see it who call for the endpoint itself. */
export interface CurrentToken {
  /** What a call made now carries; another object after every change. */
  readonly words: TokenWords;
}

/** A {@link CurrentToken} away from its endpoint: it is told of each change. */
export class FollowedToken implements CurrentToken {
  words: TokenWords = NIL;

  constructor(token: FencingToken | null) {
    this.set(token);
  }

  set(token: FencingToken | null): void {
    this.words = token === null ? NIL : tokenWords(token);
  }
}

/**
 * The fence of one endpoint (Flink FencedPekkoRpcActor): what calls must carry, compared when they
 * are processed. An epoch that is higher than the endpoint's own says that there is a newer leader:
 * from then on every lower epoch is refused, the endpoint's own included, as a storage system
 * refuses the writes of an old leader.
 */
export class Fence implements CurrentToken {
  #token: FencingToken | null = null;
  /** The token as it travels; undefined: the endpoint is not the leader. */
  #own: TokenWords | undefined;
  /** What calls must carry; undefined: none is let in. */
  #admitted: TokenWords | undefined;
  #highestEpoch = 0n;
  readonly #waiters = new Set<() => void>();

  constructor(token: FencingToken | null) {
    this.set(token);
  }

  get words(): TokenWords {
    return this.#own ?? NIL;
  }

  get token(): FencingToken | null {
    return this.#token;
  }

  /** The token of what the endpoint sends to itself now; undefined: it will not run. */
  get session(): TokenWords | undefined {
    return this.#own;
  }

  /**
   * Another leader session, or null for none. Throws `INVALID_ARGUMENT` for what is no token, and
   * `FENCING_TOKEN_MISMATCH` for an epoch below the highest that was seen.
   */
  set(token: FencingToken | null): void {
    const words = token === null ? undefined : tokenWords(token);
    if (words !== undefined) this.#see(words);
    if (words !== undefined && this.#isStale(words)) {
      const text = `epoch ${token} is over: the endpoint has seen ${this.#highestEpoch}`;
      throw new RpcError('FENCING_TOKEN_MISMATCH', text, { effect: 'none' });
    }
    if (words !== undefined && this.#own !== undefined && tokensEqual(words, this.#own)) return;
    this.#token = token;
    this.#own = words;
    this.#admitted = words;
    for (const tell of this.#waiters) tell();
    this.#waiters.clear();
  }

  /** Resolves when the token is another one than `known`. */
  changedFrom(known: FencingToken | null): Promise<FencingToken | null> {
    if (known !== this.token) return Promise.resolve(this.token);
    return new Promise((resolve) => this.#waiters.add(() => resolve(this.token)));
  }

  /** Judges a call from a lane or a connection where it lies. */
  admits(envelope: InvocationEnvelope): boolean {
    const token = this.#admitted;
    return (
      token !== undefined &&
      envelope.isFenced &&
      envelope.tokenWord(0) === token[0] &&
      envelope.tokenWord(1) === token[1] &&
      envelope.tokenWord(2) === token[2] &&
      envelope.tokenWord(3) === token[3]
    );
  }

  /** As {@link admits}, for a call of the same thread. */
  admitsToken(words: TokenWords | undefined): boolean {
    if (words === undefined || this.#admitted === undefined) return false;
    return words === this.#admitted || tokensEqual(words, this.#admitted);
  }

  /** True when what the endpoint sent to itself under `session` may still run. */
  isCurrent(session: TokenWords | undefined): boolean {
    if (session === undefined || this.#own === undefined) return false;
    return session === this.#own || tokensEqual(session, this.#own);
  }

  /** Why a call that is not admitted is refused; remembers the epoch that it carries. */
  refusal(words: TokenWords | undefined): {
    readonly code: 'FENCING_TOKEN_MISSING' | 'FENCING_TOKEN_MISMATCH';
    readonly text: string;
  } {
    if (words === undefined) {
      const text = `the endpoint ${this.#description()}, the call has no token`;
      return { code: 'FENCING_TOKEN_MISSING', text };
    }
    this.#see(words);
    const text = `the endpoint ${this.#description()}, the call has ${tokenFromWords(words)}`;
    return { code: 'FENCING_TOKEN_MISMATCH', text };
  }

  /** Why something sent under `session` does not run any more. */
  sessionText(session: TokenWords | undefined): string {
    const sent = session === undefined ? 'without a token' : `under ${tokenFromWords(session)}`;
    return `it was sent ${sent}, and the endpoint ${this.#description()}`;
  }

  #see(words: TokenWords): void {
    if (!isEpoch(words) || epochOf(words) <= this.#highestEpoch) return;
    this.#highestEpoch = epochOf(words);
    if (this.#own !== undefined && this.#isStale(this.#own)) this.#admitted = undefined;
  }

  #isStale(words: TokenWords): boolean {
    return isEpoch(words) && epochOf(words) < this.#highestEpoch;
  }

  #description(): string {
    if (this.#own === undefined) return 'has no token now: it is not the leader';
    const own = tokenFromWords(this.#own);
    if (!this.#isStale(this.#own)) return `is fenced by ${own}`;
    return `is fenced by ${own} and has seen ${this.#highestEpoch}, so it serves nobody`;
  }
}
