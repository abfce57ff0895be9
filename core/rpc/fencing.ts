import type { InvocationEnvelope } from '../codec/envelope.js';
import type { TokenWords } from '../codec/stamps.js';
import { RpcError } from '../errors/rpc-error.js';

/** A leader session: a UUID, or an epoch that only grows (64 bits, above 0). */
export type FencingToken = string | bigint;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const EPOCH_MAX = (1n << 64n) - 1n;

/** The token as it travels; throws `INVALID_ARGUMENT` for anything but a UUID or an epoch. */
export function tokenWords(token: FencingToken): TokenWords {
  if (typeof token === 'bigint' && token > 0n && token <= EPOCH_MAX) {
    return [0, 0, Number((token >> 32n) & 0xffff_ffffn) | 0, Number(token & 0xffff_ffffn) | 0];
  }
  if (typeof token === 'string' && UUID.test(token)) {
    const hex = token.replaceAll('-', '');
    const word = (index: number): number => parseInt(hex.slice(index * 8, index * 8 + 8), 16) | 0;
    return [word(0), word(1), word(2), word(3)];
  }
  const rule = 'a UUID (string) or an epoch from 1 to 2^64 - 1 (bigint)';
  throw new RpcError('INVALID_ARGUMENT', `a fencing token is ${rule}, not ${String(token)}`);
}

/** Prints the words of a token the way the user wrote it. */
export function formatToken(words: TokenWords): string {
  return String(tokenFromWords(words));
}

/** The inverse of {@link tokenWords}. */
export function tokenFromWords(words: TokenWords): FencingToken {
  const [a, b, c, d] = words.map((word) => (word >>> 0).toString(16).padStart(8, '0'));
  if (words[0] === 0 && words[1] === 0) return BigInt(`0x${c}${d}`);
  return `${a}-${b!.slice(0, 4)}-${b!.slice(4)}-${c!.slice(0, 4)}-${c!.slice(4)}${d}`;
}

export function tokensEqual(a: TokenWords, b: TokenWords): boolean {
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
