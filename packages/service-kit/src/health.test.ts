import { expect, test } from 'vitest';
import { health, type HealthCheck } from './health.ts';

const good: HealthCheck = { name: 'good', check: () => ({ ok: true }) };
const bad: HealthCheck = { name: 'bad', check: async () => ({ ok: false, detail: 'checkpoint is 90 s old' }) };
const broken: HealthCheck = {
  name: 'broken',
  check: () => {
    throw new Error('secret path');
  },
};
const stuck: HealthCheck = { name: 'stuck', check: () => new Promise(() => {}) };

test('all is well when every check is', async () => {
  const app = health([good, { name: 'disk', check: () => ({ ok: true, detail: '9 GB free' }) }]);
  const ready = await app.request('/readyz');
  expect([ready.status, await ready.json()]).toEqual([
    200,
    { status: 'ok', checks: { good: { ok: true }, disk: { ok: true, detail: '9 GB free' } } },
  ]);
  expect(await (await app.request('/health')).text()).toBe('ok\nok      good\nok      disk: 9 GB free\n');
});

test.each([[bad], [broken], [stuck]])('never 200 while a check fails: %o', async (check) => {
  const app = health([good, check], { timeoutMs: 20 });
  for (const path of ['/readyz', '/health']) {
    const answer = await app.request(path);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const text = await answer.text();
    expect(text).toContain(check.name);
    expect(text).not.toContain('secret');
  }
});

test('the process is alive whatever the checks say', async () => {
  expect((await health([bad, stuck], { timeoutMs: 20 }).request('/livez')).status).toBe(200);
});

test('requests at the same time share one run of the checks, later ones run them again', async () => {
  let runs = 0;
  const app = health([{ name: 'count', check: async () => ({ ok: ++runs > 0 }) as { ok: true } }]);
  await Promise.all(Array.from({ length: 20 }, () => app.request('/readyz')));
  expect(runs).toBe(1);
  await app.request('/readyz');
  expect(runs).toBe(2);
});
