import type { OpenAPIHono } from '@hono/zod-openapi';
import { ProblemError } from '@verbatim/service-kit';
import { isCanonicalPurl } from '@verbatim/statements';
import type { Context } from 'hono';
import type { LookupPage } from '../store/lookups.ts';
import { parseIndex, parseSha256 } from './index-param.ts';
import { NOTHING_PUBLISHED } from './problems.ts';
import type { Services } from './services.ts';

/** Indexes in one page of a look-up. */
export const MAX_LOOKUP = 4096;

/**
 * Look-ups answer with indexes only, and prove nothing by themselves: a client reads the entries from tiles and checks them. They cover
 * exactly what was asked for.
 */
export function lookupRoutes(app: OpenAPIHono, services: Services): void {
  const { lookups } = services.engine;

  app.get('/lookup/artifact/:sha256', (c) => {
    const sha256 = parseSha256(c.req.param('sha256'));
    return answer(c, services, (bounds) => lookups.artifact(sha256, bounds));
  });

  app.get('/lookup/release', (c) => {
    const purl = c.req.query('purl') ?? '';
    if (!isCanonicalPurl(purl))
      throw new ProblemError({
        status: 400,
        code: 'bad-purl',
        title: 'Not a canonical purl',
        detail: `Expected ?purl= with a canonical package URL such as pkg:npm/esbuild@0.25.0; found ${JSON.stringify(purl.slice(0, 100))}.`,
      });
    return answer(c, services, (bounds) => lookups.release(purl, bounds));
  });
}

function answer(c: Context, { engine }: Services, find: (bounds: { start: bigint; size: bigint; limit: number }) => LookupPage): Response {
  const size = engine.published.size;
  if (size === 0n) throw new ProblemError(NOTHING_PUBLISHED);
  const start = parseIndex(c.req.query('start') ?? '0', 'start');
  const limit = parseIndex(c.req.query('limit') ?? String(MAX_LOOKUP), 'limit');
  if (limit < 1n || limit > BigInt(MAX_LOOKUP))
    throw new ProblemError({
      status: 400,
      code: 'bad-number',
      title: 'Not a number',
      detail: `Expected a limit from 1 to ${MAX_LOOKUP}; found ${limit}.`,
    });
  const { entries, next } = find({ start, size, limit: Number(limit) });
  return c.json({ size: Number(size), entries: entries.map(Number), next: next === null ? null : Number(next) }, 200, {
    'cache-control': 'no-cache',
  });
}
