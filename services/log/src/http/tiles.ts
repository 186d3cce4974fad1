import type { OpenAPIHono } from '@hono/zod-openapi';
import { problem } from '@verbatim/service-kit';
import { TileServer } from '@verbatim/service-kit/tree';
import { NOTHING_PUBLISHED } from './problems.ts';
import type { Services } from './services.ts';

/**
 * C2SP tlog-tiles: the published checkpoint; hash tiles and entry bundles up to the size that the log has signed, for witnesses that look at the
 * entries before they cosign.
 */
export function tileRoutes(app: OpenAPIHono, { engine }: Services): void {
  const tiles = new TileServer(engine.folder);

  app.get('/checkpoint', (c) => {
    const publication = engine.published.current;
    if (publication === null) return problem(c, NOTHING_PUBLISHED);
    return c.body(new Uint8Array(publication.bytes), 200, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  });

  app.get('/tile/*', (c) => tiles.answer(c, c.req.path.slice(1), engine.signed.size));
}
