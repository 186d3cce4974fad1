/** Retrying what may pass by itself: trouble of network or server. Never for anything that a proof or a signature said. */
import { setTimeout as sleep } from 'node:timers/promises';

/** All attempts together, in milliseconds: a user who waits longer switches the check off. */
const RETRY_BUDGET_MS = 10_000;
const DELAYS_MS = [200, 600];

/** `Retry-After` in milliseconds (RFC 9110 §10.2.3): seconds only, as every log of ours sends; null for anything else. */
export function retryAfterMs(header: string | undefined): number | null {
  return header !== undefined && /^[0-9]{1,6}$/.test(header) ? parseInt(header, 10) * 1000 : null;
}

/** What an attempt came to; `again` says that it may pass, and when the server wants to be asked. */
export type Attempt<T> = { readonly done: T } | { readonly again: Error; readonly afterMs: number | null };

/**
 * Up to three attempts within ten seconds. `attempt` is told how many milliseconds are left. The last error is thrown when none is left.
 */
export async function retrying<T>(attempt: (leftMs: number) => Promise<Attempt<T>>, signal?: AbortSignal): Promise<T> {
  const start = performance.now();
  const left = (): number => RETRY_BUDGET_MS - (performance.now() - start);
  for (let tries = 0; ; tries++) {
    const result = await attempt(Math.max(1, Math.floor(left())));
    if ('done' in result) return result.done;
    const delay = tries < DELAYS_MS.length ? Math.max(DELAYS_MS[tries]!, result.afterMs ?? 0) : Infinity;
    if (delay >= left()) throw result.again;
    await sleep(delay, undefined, { signal });
  }
}
