/** How long to wait between tries: doubling from `baseMs` to `capMs`, at most `maxTries` starts. */
export interface BackOff {
  readonly baseMs: number;
  readonly capMs: number;
  readonly maxTries: number;
}

/**
 * Milliseconds to wait after the `tries`-th failed start (1, 2, …). What the other side asked for (`Retry-After`) is a lower bound, itself
 * capped at a day so that no answer can park a job for ever. `random` in [0, 1) spreads nodes that failed together over a fifth of the time.
 */
export function waitAfter(tries: number, backOff: BackOff, retryAfterMs: number | null, random: number): number {
  const doubled = Math.min(backOff.baseMs * 2 ** Math.min(Math.max(tries, 1) - 1, 40), backOff.capMs);
  const spread = Math.round(doubled * (1 + random / 5));
  return Math.max(spread, Math.min(retryAfterMs ?? 0, MAX_RETRY_AFTER_MS));
}

export const MAX_RETRY_AFTER_MS = 24 * 60 * 60 * 1000;

/** True when `tries` starts are enough: the trouble is then logged as what it is instead of being tried again. */
export function isExhausted(tries: number, backOff: BackOff): boolean {
  return tries >= backOff.maxTries;
}
