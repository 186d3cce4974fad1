/** What the HTTP interface of every small service has. */
import { Hono, type MiddlewareHandler } from 'hono';
import { health, type HealthCheck } from './health.ts';
import type { Logger } from './logger.ts';
import { notFound, onError } from './problem.ts';

export interface ServiceAppParts {
  readonly logger: Logger;
  readonly checks: readonly HealthCheck[];
  /** Runs around everything: metrics. */
  readonly middleware?: MiddlewareHandler;
}

/** Problems, health, and a page of plain text for people who open the address; the service adds its own routes. */
export function serviceApp({ logger, checks, middleware }: ServiceAppParts, describe: () => string): Hono {
  const app = new Hono();
  app.onError(onError(logger));
  app.notFound(notFound);
  if (middleware) app.use(middleware);
  app.route('/', health(checks));
  app.get('/', (c) => c.text(describe()));
  return app;
}
