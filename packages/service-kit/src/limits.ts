/** Rate limits in memory: one token bucket a key, with a bound on the keys. */

export interface RateLimit {
  /** Tokens a second. */
  perSecond: number;
  /** Tokens of a full bucket. */
  burst: number;
  /** Buckets kept; the one used least recently goes (10,000). */
  maxKeys?: number;
}

export type Permit = { ok: true } | { ok: false; /** Whole seconds, at least 1: a Retry-After. */ retryAfter: number };

interface Bucket {
  tokens: number;
  /** Seconds, when `tokens` was right. */
  at: number;
}

export class RateLimiter {
  readonly #limit: Required<RateLimit>;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** `now` in seconds, monotonic. */
  constructor(limit: RateLimit, now: () => number = () => performance.now() / 1000) {
    this.#limit = { maxKeys: 10_000, ...limit };
    this.#now = now;
  }

  /** Take `cost` tokens (at most `burst`) from the key's bucket, or none. */
  take(key: string, cost = 1): Permit {
    const tokens = this.#tokens(key);
    const ok = tokens >= cost;
    this.#keep(key, ok ? tokens - cost : tokens);
    return ok ? { ok } : { ok, retryAfter: Math.max(1, Math.ceil((cost - tokens) / this.#limit.perSecond)) };
  }

  /** What a request turned out to cost, taken afterwards: the bucket may go below nothing, and the next request waits. */
  charge(key: string, cost: number): void {
    this.#keep(key, this.#tokens(key) - cost);
  }

  #tokens(key: string): number {
    const { perSecond, burst } = this.#limit;
    const last = this.#buckets.get(key);
    return last === undefined ? burst : Math.min(burst, last.tokens + (this.#now() - last.at) * perSecond);
  }

  #keep(key: string, tokens: number): void {
    // Re-inserted: a Map iterates in insertion order, the first is the one used least recently.
    this.#buckets.delete(key);
    if (this.#buckets.size >= this.#limit.maxKeys) this.#buckets.delete(this.#buckets.keys().next().value!);
    this.#buckets.set(key, { tokens, at: this.#now() });
  }
}
