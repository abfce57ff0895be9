// The endpoint of the rate limiter: token buckets by key, for its share of all keys.
// One thread touches a bucket, so there is nothing to lock; calls of one key come one by one.
// A bucket that is full again is the same as none, so only keys in use take memory.
import { performance } from 'node:perf_hooks';
import { ask, defineGateway, RpcEndpoint, type Serves } from 'ringlane';

/** What a caller is told: go on, or wait. */
export interface Decision {
  readonly allowed: boolean;
  /** Whole tokens left. */
  readonly remaining: number;
  /** Milliseconds until the next token; 0 when allowed. */
  readonly retryAfterMs: number;
}

/** A deadline keeps a request from waiting for a limiter that hangs. */
export const LimiterGateway = defineGateway('Limiter', {
  take: ask<[key: string], Decision>({ timeoutMs: 250 }),
});

interface Bucket {
  tokens: number;
  /** When `tokens` was right. */
  atMs: number;
}

/** Buckets of `capacity` tokens that fill at `tokensPerSecond`. */
export class Limiter extends RpcEndpoint implements Serves<typeof LimiterGateway> {
  static override readonly gateways = [LimiterGateway];
  static override readonly module = import.meta.url;
  readonly #capacity: number;
  readonly #tokensPerMs: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(capacity: number, tokensPerSecond: number) {
    super();
    this.#capacity = capacity;
    this.#tokensPerMs = tokensPerSecond / 1000;
  }

  override onStart(): void {
    this.#sweepLater();
  }

  take(key: string): Decision {
    const nowMs = performance.now();
    const bucket = this.#buckets.get(key) ?? { tokens: this.#capacity, atMs: nowMs };
    this.#buckets.set(key, bucket);
    bucket.tokens = this.#tokensAt(bucket, nowMs);
    bucket.atMs = nowMs;
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return { allowed: true, remaining: Math.floor(bucket.tokens), retryAfterMs: 0 };
    }
    const retryAfterMs = Math.ceil((1 - bucket.tokens) / this.#tokensPerMs);
    return { allowed: false, remaining: 0, retryAfterMs };
  }

  #tokensAt({ tokens, atMs }: Bucket, nowMs: number): number {
    return Math.min(this.#capacity, tokens + (nowMs - atMs) * this.#tokensPerMs);
  }

  /** A task of the endpoint's own thread; it is dropped when the endpoint stops. */
  #sweepLater(): void {
    this.scheduleRunAsync(() => {
      const nowMs = performance.now();
      for (const [key, bucket] of this.#buckets) {
        if (this.#tokensAt(bucket, nowMs) === this.#capacity) this.#buckets.delete(key);
      }
      this.#sweepLater();
    }, 10_000);
  }
}
