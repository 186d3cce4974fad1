/** Prometheus metrics, on a port of their own. Names: `<app>_<noun>_<unit>[_total]`, seconds and bytes, few label values. */
import { Hono, type MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { serve, type RunningServer } from './serve.ts';

export interface Metrics {
  /** Give it to each metric: `new Counter({ …, registers: [metrics.registry] })`. */
  readonly registry: Registry;
  /** Middleware that counts requests and measures their time, by route pattern, method and status. */
  readonly requests: MiddlewareHandler;
}

/** A registry with `build_info`, the process's default metrics and the HTTP ones. */
export function createMetrics({ service, version, commit = '' }: { service: string; version: string; commit?: string }): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const labelNames = ['service', 'version', 'commit'] as const;
  new Gauge({ name: 'build_info', help: 'Always 1; the labels say what runs.', labelNames, registers }).set(
    { service, version, commit },
    1,
  );
  collectDefaultMetrics({ register: registry });
  return { registry, requests: measureRequests(registers) };
}

function measureRequests(registers: Registry[]): MiddlewareHandler {
  const labelNames = ['method', 'route', 'status'] as const;
  const total = new Counter({ name: 'http_requests_total', help: 'Requests answered.', labelNames, registers });
  const buckets = [0.001, 0.005, 0.02, 0.1, 0.5, 1, 2, 5, 15];
  const seconds = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time to answer.',
    labelNames: ['route'],
    buckets,
    registers,
  });
  return async function measureRequest(c, next) {
    const start = performance.now();
    await next();
    // The pattern, not the path, and a known method: a client cannot make up label values.
    const route = routePath(c, -1);
    total.inc({ method: KNOWN_METHODS.has(c.req.method) ? c.req.method : 'other', route, status: String(c.res.status) });
    seconds.observe({ route }, (performance.now() - start) / 1000);
  };
}

const KNOWN_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']);

/** `GET /metrics` on its own listener, by default on the loopback only: metrics are for the operator. */
export function metricsServer(
  { registry }: Pick<Metrics, 'registry'>,
  { host = '127.0.0.1', port = 0, signal }: { host?: string; port?: number; signal?: AbortSignal } = {},
): Promise<RunningServer> {
  const app = new Hono();
  app.get('/metrics', async (c) => c.body(await registry.metrics(), 200, { 'content-type': registry.contentType }));
  return serve(app, { host, port, ...(signal && { signal }) });
}
