import type { IncomingMessage } from 'node:http';
import { ProblemError, RateLimiter } from '@verbatim/service-kit';
import type { Context } from 'hono';

/** Requests of one address, counted in whatever they cost. */
export interface AddressLimit {
  /** Before anything is read or done. Throws ProblemError 429 `too-many-requests`. */
  take(c: Context, cost: number): void;
  /** What only the answer shows, afterwards: the next request waits for it. */
  charge(c: Context, cost: number): void;
}

/** For the 429: what there was too much of. */
export interface TooMany {
  readonly title: string;
  readonly detail: string;
}

export const tooManySubmissions = (perSecond: number): TooMany => ({
  title: 'Too many submissions',
  detail: `Expected at most ${perSecond} entries a second from one address; there were more. Nothing was stored; send it again later.`,
});

export const tooManyLookups = (perSecond: number): TooMany => ({
  title: 'Too many look-ups',
  detail: `Expected look-ups of at most ${perSecond} entries a second from one address; there were more. Ask again later, or read the log's tiles, which have no limit.`,
});

/**
 * By the address of the connection. Behind a proxy all share the proxy's address: limit there instead, and turn this off.
 *
 * @param perSecond 0 turns the limit off
 */
export function limitByAddress(perSecond: number, burst: number, { title, detail }: TooMany): AddressLimit {
  if (perSecond === 0) return { take: () => {}, charge: () => {} };
  const limiter = new RateLimiter({ perSecond, burst });
  return {
    take(c, cost) {
      const permit = limiter.take(addressOf(c), Math.min(cost, burst));
      if (permit.ok) return;
      const headers = { 'retry-after': String(permit.retryAfter), connection: 'close' };
      throw new ProblemError({ status: 429, code: 'too-many-requests', title, detail, headers });
    },
    charge: (c, cost) => limiter.charge(addressOf(c), cost),
  };
}

function addressOf(c: Context): string {
  const { incoming } = c.env as { incoming?: IncomingMessage };
  return incoming?.socket.remoteAddress ?? 'unknown';
}
