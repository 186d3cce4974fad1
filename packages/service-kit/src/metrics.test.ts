import { Hono } from 'hono';
import { Gauge } from 'prom-client';
import { expect, onTestFinished, test } from 'vitest';
import { createMetrics, metricsServer } from './metrics.ts';

test('build_info, process metrics and own metrics are served on a port of their own, on the loopback', async () => {
  const metrics = createMetrics({ service: 'probe', version: '1.2.3', commit: 'abc' });
  new Gauge({ name: 'probe_tree_size', help: 'Entries.', registers: [metrics.registry] }).set(7);
  const server = await metricsServer(metrics);
  onTestFinished(() => server.close());
  expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  const answer = await fetch(`${server.url}/metrics`);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const text = await answer.text();
  expect(text).toContain('build_info{service="probe",version="1.2.3",commit="abc"} 1\n');
  expect(text).toContain('probe_tree_size 7\n');
  expect(text).toContain('process_cpu_seconds_total');
  expect((await fetch(`${server.url}/`)).status).toBe(404);
});

test('requests are counted by route pattern: clients cannot make up label values', async () => {
  const metrics = createMetrics({ service: 'probe', version: '1' });
  const app = new Hono();
  app.use(metrics.requests);
  app.get('/entries/:index', (c) => c.text('x'));
  await app.request('/entries/1');
  await app.request('/entries/2');
  await app.request('/made-up-1');
  await app.request('/made-up-2', { method: 'BREW' });
  const text = await metrics.registry.metrics();
  expect(text).toContain('http_requests_total{method="GET",route="/entries/:index",status="200"} 2\n');
  expect(text).toContain('http_request_duration_seconds_count{route="/entries/:index"} 2\n');
  expect(text).toContain('method="other"');
  expect(text).not.toContain('made-up');
  expect(text).not.toContain('BREW');
});
