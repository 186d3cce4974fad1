import { anEnrolment, testSigner } from '@verbatim/testkit';
import { signStatement } from '@verbatim/statements';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLog, type TestLog } from '../_log.ts';

let log: TestLog;

beforeAll(async () => {
  log = await startLog();
  await log.scene();
});

afterAll(async () => {
  await log?.[Symbol.asyncDispose]();
});

test('the OpenAPI document names every JSON endpoint, and each of them answers', async () => {
  const { status, body } = await log.json('/openapi.json');
  expect(status).toBe(200);
  expect(body.openapi).toBe('3.1.0');
  expect(Object.keys(body.paths).toSorted()).toEqual([
    '/blobs/{sha256}',
    '/checkpoint',
    '/entries',
    '/entries/batch',
    '/entries/{index}',
    '/entries/{index}/proof',
    '/entries/{index}/status',
    '/index',
  ]);
  expect(body.paths['/entries'].post.responses['503'].content['application/problem+json'].schema).toEqual({
    $ref: '#/components/schemas/Problem',
  });
  for (const path of Object.keys(body.paths)) {
    const method = path === '/entries' || path.endsWith('/batch') ? 'POST' : 'GET';
    const url = path.replace('{index}', '1').replace('{sha256}', '0'.repeat(64));
    const answer = await log.fetch(url, { method });
    expect([path, answer.status, await answer.text()]).not.toEqual([path, 404, expect.stringContaining('nothing is served')]);
  }
});

test('health: alive, ready, and told to people', async () => {
  expect((await log.fetch('/livez')).status).toBe(200);
  const ready = await log.json('/readyz');
  expect(ready).toMatchObject({ status: 200, body: { status: 'ok' } });
  expect(Object.keys(ready.body.checks)).toEqual(['running', 'confirmed', 'publishing', 'checkpoint', 'witnesses', 'storage']);
  expect(await (await log.fetch('/health')).text()).toContain('publishing');
});

test('metrics have a port of their own and the names that operators are told', async () => {
  await log.post(signStatement(anEnrolment(testSigner('metered')), [log.admin]));
  await log.post('{}');
  const text = await (await fetch(`${log.metricsUrl}/metrics`)).text();
  for (const line of [
    /^verbatim_log_tree_size 12$/m,
    /^verbatim_log_published_size 12$/m,
    /^verbatim_log_pool_entries 0$/m,
    /^verbatim_log_unpublished_entries 0$/m,
    /^verbatim_log_submissions_total\{code="published"\} 5$/m,
    /^verbatim_log_submissions_total\{code="malformed"\} 1$/m,
    /^verbatim_log_integration_latency_seconds_count 5$/m,
    /^verbatim_log_checkpoint_age_seconds [0-9.]+$/m,
    /^verbatim_log_disk_free_bytes [0-9.e+]+$/m,
    /^build_info\{/m,
  ]) {
    expect(text).toMatch(line);
  }
  expect((await log.fetch('/metrics')).status).toBe(404);
});

test('an unknown path is a problem, and says so to people and programs', async () => {
  const answer = await log.json('/admin');
  expect(answer).toMatchObject({ status: 404, body: { code: 'not-found', status: 404 } });
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
});
