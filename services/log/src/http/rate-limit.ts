import type { IncomingMessage } from 'node:http';
import { ProblemError, RateLimiter } from '@verbatim/service-kit';
import type { Context } from 'hono';

/** Takes the cost of a request, or throws ProblemError 429 `too-many-requests`. */
export type TakePermit = (c: Context, cost: number) => void;

/**
 * Submissions by address of the connection, before anything is read or verified. Behind a proxy all share the proxy's address: limit there
 * instead, and leave this off.
 *
 * @param perSecond 0 turns the limit off
 */
export function limitByAddress(perSecond: number, burst: number): TakePermit {
  if (perSecond === 0) return () => {};
  const limiter = new RateLimiter({ perSecond, burst });
  return (c, cost) => {
    const { incoming } = c.env as { incoming?: IncomingMessage };
    const permit = limiter.take(incoming?.socket.remoteAddress ?? 'unknown', Math.min(cost, burst));
    if (permit.ok) return;
    throw new ProblemError({
      status: 429,
      code: 'too-many-requests',
      title: 'Too many submissions',
      detail: `Expected at most ${perSecond} entries a second from one address; there were more. Nothing was stored; send it again later.`,
      headers: { 'retry-after': String(permit.retryAfter), connection: 'close' },
    });
  };
}
