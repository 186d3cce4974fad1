import { connect, type Socket } from 'node:net';
import { Hono } from 'hono';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { bodyLimited } from './body.ts';
import { onError } from './problem.ts';
import { serve, type RunningServer, type ServeOptions } from './serve.ts';

/** A slow request has reached its handler. */
let begun = Promise.withResolvers<void>();

function application(): Hono {
  begun = Promise.withResolvers();
  const app = new Hono();
  app.onError(onError(pino({ level: 'silent' })));
  app.get('/', (c) => c.text('hello'));
  app.get('/slow', async (c) => {
    begun.resolve();
    await new Promise((resolve) => setTimeout(resolve, 300));
    return c.text('done');
  });
  app.get('/never', () => {
    begun.resolve();
    return new Promise<never>(() => {});
  });
  app.post('/echo', async (c) => c.body(new Uint8Array(await bodyLimited(c, 1000, { timeoutMs: 100_000 }))));
  app.post('/hasty', async (c) => c.body(new Uint8Array(await bodyLimited(c, 1000, { timeoutMs: 400 }))));
  return app;
}

async function start(options: Partial<ServeOptions> = {}): Promise<RunningServer> {
  const server = await serve(application(), { host: '127.0.0.1', port: 0, closeTimeoutMs: 500, ...options });
  onTestFinished(() => server.close());
  return server;
}

/** Send raw text; resolves to everything received until the other side closes. */
function talk(server: RunningServer, text: string, onOpen?: (socket: Socket) => void): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(server.port, '127.0.0.1', () => {
      socket.write(text);
      onOpen?.(socket);
    });
    socket.setEncoding('latin1').on('data', (part: string) => (received += part));
    socket.on('error', () => {}).on('close', () => resolve(received));
  });
}

test('says where it really listens', async () => {
  const server = await start();
  expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
  expect(await (await fetch(server.url)).text()).toBe('hello');
  const everywhere = await start({ host: '0.0.0.0' });
  expect(everywhere.url).toBe(`http://127.0.0.1:${everywhere.port}`);
});

test('an occupied port is an error that names it', async () => {
  const { port } = await start();
  await expect(start({ port })).rejects.toThrow(`127.0.0.1 port ${port}`);
});

test('headers that never end are cut off', async () => {
  const server = await start({ headersTimeoutMs: 300 });
  expect(await talk(server, 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ')).toMatch(/^HTTP\/1\.1 408 /);
});

test('a connection that says nothing is cut off', async () => {
  const server = await start({ idleTimeoutMs: 300, headersTimeoutMs: 400 });
  await talk(server, '');
});

test('headers beyond 16 KiB are refused', async () => {
  const server = await start();
  expect(await talk(server, `GET / HTTP/1.1\r\nHost: x\r\nX-Big: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
});

test('more connections than allowed are dropped', async () => {
  const server = await start({ maxConnections: 1 });
  const kept = connect(server.port, '127.0.0.1');
  await new Promise((resolve) => kept.on('connect', resolve));
  expect(await talk(server, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toBe('');
  kept.destroy();
});

test('on close, requests in flight finish, idle connections go, and new ones are refused', async () => {
  const stop = new AbortController();
  const server = await start({ signal: stop.signal, closeTimeoutMs: 1_000_000 });
  await (await fetch(server.url)).text();
  const flying = fetch(`${server.url}/slow`);
  await begun.promise;
  stop.abort();
  const closed = server.close();
  await expect(fetch(server.url)).rejects.toThrow('fetch failed');
  expect(await (await flying).text()).toBe('done');
  // Not when the time limit comes, which would be too late for this test.
  await closed;
});

test('on close, a request that never ends is cut after the time limit', async () => {
  const server = await start({ closeTimeoutMs: 200 });
  const flying = fetch(`${server.url}/never`).catch((error: unknown) => error);
  await begun.promise;
  await server.close();
  expect(await flying).toBeInstanceOf(Error);
});

test('does not start when it is stopped already', async () => {
  await expect(start({ signal: AbortSignal.abort() })).rejects.toThrow('aborted');
});

const post = (headers: string, body: string, path = '/echo'): string =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n\r\n${body}`;

test('a body within the limit arrives as it was sent, with a length or in chunks', async () => {
  const server = await start();
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 256);
  const answer = await fetch(`${server.url}/echo`, { method: 'POST', body: bytes });
  expect(new Uint8Array(await answer.arrayBuffer())).toEqual(bytes);
  const empty = await fetch(`${server.url}/echo`, { method: 'POST' });
  expect((await empty.arrayBuffer()).byteLength).toBe(0);
  expect(await talk(server, post('Transfer-Encoding: chunked', '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n'))).toMatch(/\r\n\r\nabcde$/);
});

test('a body over the limit is 413, declared or not, and the connection is closed', async () => {
  const server = await start();
  const declared = await talk(server, post('Content-Length: 1001', ''));
  expect(declared).toMatch(/^HTTP\/1\.1 413 /);
  expect(declared).toContain('"code":"too-large"');
  const chunk = `3e9\r\n${'x'.repeat(1001)}\r\n`;
  expect(await talk(server, post('Transfer-Encoding: chunked', chunk))).toMatch(/^HTTP\/1\.1 413 /);
  const exact = await talk(server, post('Content-Length: 1000', 'x'.repeat(1000)));
  expect(exact).toMatch(/^HTTP\/1\.1 200 /);
});

test('an endless body is cut off, not drained', async () => {
  const server = await start();
  let sent = 0;
  await talk(server, post('Transfer-Encoding: chunked', ''), (socket) => {
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    const pump = setInterval(() => (sent += socket.destroyed ? 0 : (socket.write(chunk), 1)), 1);
    socket.on('close', () => clearInterval(pump));
  });
  expect(sent).toBeGreaterThan(0);
});

test('a body that drips is 408 after the time limit', async () => {
  const server = await start();
  const answer = await talk(server, post('Content-Length: 500', 'x', '/hasty'), (socket) => {
    const drip = setInterval(() => socket.destroyed || socket.write('x'), 50);
    socket.on('close', () => clearInterval(drip));
  });
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
});

test('a compressed body is refused', async () => {
  const server = await start();
  expect(await talk(server, post('Content-Encoding: gzip\r\nContent-Length: 3', 'abc'))).toMatch(/^HTTP\/1\.1 415 /);
});

test('a client that goes away in the middle of its body does no harm', async () => {
  const server = await start();
  await talk(server, post('Content-Length: 500', 'half'), (socket) => setTimeout(() => socket.destroy(), 50));
  expect(await (await fetch(server.url)).text()).toBe('hello');
});

test('without a socket (in-process requests) the same limits hold', async () => {
  const app = application();
  const send = (body: BodyInit): Promise<Response> => Promise.resolve(app.request('/echo', { method: 'POST', body }));
  expect(await (await send('abc')).text()).toBe('abc');
  expect((await send('x'.repeat(1001))).status).toBe(413);
  const endless = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) });
  const request = new Request('http://x/hasty', { method: 'POST', body: endless, duplex: 'half' } as RequestInit);
  expect((await app.request(request)).status).toBe(408);
});
