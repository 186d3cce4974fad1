import { OpenAPIHono } from '@hono/zod-openapi';
import { health, type HealthCheck, type Metrics, notFound, onError, type Problem } from '@verbatim/service-kit';
import type { MiddlewareHandler } from 'hono';
import { LogStoppedError } from '../publication/published.ts';
import { blobRoutes } from './blobs.ts';
import { entryRoutes } from './entries.ts';
import { describeApi } from './openapi.ts';
import { pageRoutes } from './pages.ts';
import { indexRoutes } from './provable-index.ts';
import type { Services } from './services.ts';
import { tileRoutes } from './tiles.ts';

export interface AppOptions {
  readonly services: Services;
  readonly requests: Metrics['requests'];
  readonly health: readonly HealthCheck[];
  readonly version: string;
}

/** All routes of the log. */
export function createApp({ services, requests, health: checks, version }: AppOptions): OpenAPIHono {
  const app = new OpenAPIHono();
  app.onError(onError(services.logger, stopped));
  app.notFound(notFound);
  app.use(requests);
  app.use(openToAll());
  app.route('/', health(checks));
  entryRoutes(app, services);
  tileRoutes(app, services);
  blobRoutes(app, services);
  indexRoutes(app, services);
  pageRoutes(app, services);
  describeApi(app, services.engine.identity.origin, version);
  return app;
}

/** Everything here is public and nothing depends on cookies, so any page may read it (transparency-logs.md §1.4: CORS `*` on all). */
function openToAll(): MiddlewareHandler {
  return async function openToAll(c, next) {
    if (c.req.method === 'OPTIONS') {
      return c.body(null, 204, {
        'access-control-allow-origin': '*',
        'access-control-allow-methods': 'GET, HEAD, POST, PUT',
        'access-control-allow-headers': 'Content-Type, X-Verbatim-Signature',
        'access-control-max-age': '86400',
      });
    }
    await next();
    c.res.headers.set('access-control-allow-origin', '*');
    return undefined;
  };
}

/** A log that has stopped says nothing about entries in flight: only that nothing may be concluded. */
function stopped(error: unknown): Problem | null {
  if (!(error instanceof LogStoppedError)) return null;
  return {
    status: 503,
    code: 'log-stopped',
    title: 'The log has stopped',
    detail:
      'Expected a running log; it stopped and a restart repairs it. Whether the entry was stored is unknown: send it again, it will not be added twice.',
    headers: { 'retry-after': '5' },
  };
}
