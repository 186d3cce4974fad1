import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { ProblemError, notFound, onError } from './problem.ts';

function appThatThrows(error: unknown): { app: Hono; logged: string[] } {
  const logged: string[] = [];
  const app = new Hono();
  app.onError(
    onError(pino({}, { write: (line: string) => void logged.push(line) }), (cause) =>
      cause instanceof RangeError ? { status: 400, code: 'out-of-range', title: 'Out of range', detail: cause.message } : null,
    ),
  );
  app.notFound(notFound);
  app.get('/', () => {
    throw error;
  });
  return { app, logged };
}

test('a ProblemError is answered as it says', async () => {
  const problem = {
    status: 429,
    code: 'slow-down',
    title: 'Too many',
    detail: 'wait',
    headers: { 'retry-after': '3' },
    extra: { limit: 5 },
  };
  const { app, logged } = appThatThrows(new ProblemError(problem));
  const answer = await app.request('/');
  expect(answer.status).toBe(429);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.headers.get('retry-after')).toBe('3');
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(await answer.json()).toEqual({
    type: 'urn:verbatim:problem:slow-down',
    title: 'Too many',
    status: 429,
    detail: 'wait',
    code: 'slow-down',
    limit: 5,
  });
  expect(logged).toEqual([]);
});

test('extra members cannot replace the standard ones', async () => {
  const { app } = appThatThrows(new ProblemError({ status: 400, code: 'a', title: 'b', detail: 'c', extra: { code: 'x', status: 200 } }));
  expect(await (await app.request('/')).json()).toMatchObject({ code: 'a', status: 400 });
});

test("an unknown error's details are in the log and not in the answer", async () => {
  const { app, logged } = appThatThrows(new Error('password is hunter2'));
  const answer = await app.request('/');
  const text = await answer.text();
  expect(answer.status).toBe(500);
  expect(text).not.toContain('hunter2');
  const { requestId } = JSON.parse(text) as { requestId: string };
  expect(logged).toHaveLength(1);
  expect(JSON.parse(logged[0]!)).toMatchObject({ requestId, err: { message: 'password is hunter2' } });
});

test('a service maps its own errors, and the HTTP exceptions of hono keep their status', async () => {
  const mapped = await appThatThrows(new RangeError('7 > 5')).app.request('/');
  expect([mapped.status, await mapped.json()]).toEqual([400, expect.objectContaining({ code: 'out-of-range', detail: '7 > 5' })]);
  expect((await appThatThrows(new HTTPException(405, { message: 'no' })).app.request('/')).status).toBe(405);
});

test('an unknown path is a problem, too', async () => {
  const answer = await appThatThrows(null).app.request('/nowhere');
  expect([answer.status, await answer.json()]).toEqual([404, expect.objectContaining({ code: 'not-found' })]);
});
