import { expect, test } from 'vitest';
import { runScript, type Child } from './_temporary.ts';

const service = (body: string, options = ''): Child =>
  runScript(`import { createLogger, runService, serve } from './index.ts';
    import { Hono } from 'hono';
    await runService(async ({ signal, logger, fatal }) => { ${body} }, { logger: createLogger({ name: 'probe' }), ${options} });
    `);

const listening = `const server = await serve(new Hono().get('/', (c) => c.text('hi')), { host: '127.0.0.1', port: 0, signal });
  console.log('not for stdout');
  return { url: server.url, metricsUrl: 'http://m', [Symbol.asyncDispose]: async () => { await server.close(); logger.info('closed'); } };`;

test.each(['SIGTERM', 'SIGINT'] as const)('announces itself in one line of JSON, serves, and ends with 0 on %s', async (signal) => {
  const child = service(listening);
  const ready = JSON.parse(await child.line()) as { ready: true; url: string; metricsUrl: string };
  expect(ready).toEqual({ ready: true, url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), metricsUrl: 'http://m' });
  expect(await (await fetch(ready.url)).text()).toBe('hi');
  child.process.kill(signal);
  const { code, stdout, stderr } = await child.exited;
  expect(code).toBe(0);
  expect(stdout).toBe(`${JSON.stringify(ready)}\n`);
  expect(stderr).toContain('"msg":"closed"');
  expect(stderr).toContain('"msg":"stopped"');
});

test('a service without a listener stays until it is stopped', async () => {
  const child = service('return { [Symbol.asyncDispose]: async () => {} };');
  expect(await child.line()).toBe('{"ready":true}');
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(child.process.exitCode).toBeNull();
  child.process.kill('SIGTERM');
  expect((await child.exited).code).toBe(0);
});

test('a second signal ends a shutdown that hangs', async () => {
  const child = service(
    `return { [Symbol.asyncDispose]: async () => { console.error('hanging'); await new Promise(() => setInterval(() => {}, 1000)); } };`,
  );
  await child.line();
  child.process.stderr!.on('data', (text: string) => void (text.includes('hanging') && child.process.kill('SIGINT')));
  child.process.kill('SIGTERM');
  const { code, stderr } = await child.exited;
  expect(code).toBe(1);
  expect(stderr).toContain('second signal');
});

test('a shutdown that hangs is ended after its time', async () => {
  const child = service('return { [Symbol.asyncDispose]: () => new Promise(() => setInterval(() => {}, 1000)) };', 'graceMs: 300');
  await child.line();
  child.process.kill('SIGTERM');
  const { code, stderr } = await child.exited;
  expect(code).toBe(1);
  expect(stderr).toContain('did not stop in time');
});

test.each([
  ['an error at the start', `throw new Error('no data folder');`, 'no data folder'],
  ['an uncaught error', `setTimeout(() => { throw new Error('late'); }, 50); return { [Symbol.asyncDispose]: async () => {} };`, 'late'],
  [
    'an unhandled rejection',
    `setTimeout(() => void Promise.reject(new Error('lost')), 50); return { [Symbol.asyncDispose]: async () => {} };`,
    'lost',
  ],
  [
    'a fatal error',
    `setTimeout(() => fatal(new Error('unknown outcome')), 50); return { [Symbol.asyncDispose]: async () => {} };`,
    'unknown outcome',
  ],
])('%s ends the process with exit code 1 and says why', async (_, body, message) => {
  const { code, stderr } = await service(body).exited;
  expect(code).toBe(1);
  const last = JSON.parse(stderr.trimEnd().split('\n').at(-1)!) as { level: number; msg: string };
  expect(last).toMatchObject({ level: 60, msg: `stopped: ${message}` });
});

test('an error while stopping is not hidden', async () => {
  const child = service(`return { [Symbol.asyncDispose]: async () => { throw new Error('flush failed'); } };`);
  await child.line();
  child.process.kill('SIGTERM');
  const { code, stderr } = await child.exited;
  expect(code).toBe(1);
  expect(stderr).toContain('flush failed');
});

test('a signal while starting is not a failure', async () => {
  const child = service(
    `console.error('starting'); await new Promise((_, reject) => { setInterval(() => {}, 1000).unref(); signal.addEventListener('abort', () => reject(signal.reason)); });`,
  );
  child.process.stderr!.once('data', () => child.process.kill('SIGTERM'));
  const { code, stdout } = await child.exited;
  expect([code, stdout]).toEqual([0, '']);
});

test('whoever read the ready line may close the pipe', async () => {
  const child = service(listening);
  await child.line();
  child.process.stdout!.destroy();
  child.process.kill('SIGTERM');
  expect((await child.exited).code).toBe(0);
});
