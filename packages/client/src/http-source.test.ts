import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answer, codeOf, serve, type TestServer } from './_support.ts';
import { ClientError } from './errors.ts';
import { openSource, type Source } from './source.ts';

async function open(location: string): Promise<Source> {
  const source = await openSource(location);
  onTestFinished(() => source.close());
  return source;
}

const get = async (server: TestServer, limit = 1000): Promise<Uint8Array | null> => (await open(server.url)).get('checkpoint', { limit });
const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : new TextDecoder().decode(bytes));

describe('an HTTP source', () => {
  it('gives bytes, or null for what is not there', async () => {
    const server = await serve((path, _request, response) => answer(response, path === 'prefix/checkpoint' ? Buffer.from('note') : null));
    const source = await open(`${server.url}/prefix`);
    expect(text(await source.get('checkpoint', { limit: 4 }))).toBe('note');
    expect(await source.get('other', { limit: 4 })).toBeNull();
    expect(server.asked).toEqual(['prefix/checkpoint', 'prefix/other']);
  });

  it('undoes gzip that nobody asked for, within the limit', async () => {
    const server = await serve((path, _request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(path === 'bomb' ? 50_000_000 : 900)));
    });
    const source = await open(server.url);
    expect((await source.get('small', { limit: 900 }))!.length).toBe(900);
    expect(await codeOf(source.get('bomb', { limit: 1_000_000 }))).toBe('too-large');
  });

  it.each([
    ['another compression', { 'content-encoding': 'br' }, 'x'],
    ['broken gzip', { 'content-encoding': 'gzip' }, 'x'],
  ])('does not understand %s', async (_what, headers, body) => {
    const server = await serve((_path, _request, response) => void response.writeHead(200, headers).end(body));
    expect(await codeOf(get(server))).toBe('malformed');
  });

  it('stops reading an endless answer', async () => {
    let sent = 0;
    const server = await serve((_path, _request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536))) sent += 65_536;
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    expect(await codeOf(get(server, 1_000_000))).toBe('too-large');
    expect(sent).toBeLessThan(50_000_000);
  });

  it('refuses a byte more than the limit, and takes the limit', async () => {
    const server = await serve((_path, _request, response) => answer(response, Buffer.alloc(1000)));
    expect(await codeOf(get(server, 999))).toBe('too-large');
    expect((await get(server, 1000))!.length).toBe(1000);
  });

  it('gives up when bytes drip for ever', { timeout: 120_000 }, async () => {
    const server = await serve((_path, _request, response) => {
      const timer = setInterval(() => response.write('x'), 50);
      response.on('close', () => clearInterval(timer));
    });
    const start = performance.now();
    expect(await codeOf(get(server, 1_000_000))).toBe('timeout');
    expect(performance.now() - start).toBeLessThan(100_000);
  });

  it('tries again when a server is not well, and then says so', async () => {
    let failures = 2;
    const server = await serve((_path, _request, response) => {
      if (failures-- > 0) response.writeHead(503).end();
      else response.writeHead(200).end('well again');
    });
    expect(text(await get(server))).toBe('well again');
    failures = 100;
    expect(await codeOf(get(server))).toBe('bad-status');
    expect(server.asked.length).toBe(6);
  });

  it('waits as long as it is told, and not longer than its patience', async () => {
    let first = true;
    const server = await serve((_path, _request, response) => {
      response.writeHead(first ? 429 : 200, { 'retry-after': '1' }).end('ok');
      first = false;
    });
    const start = performance.now();
    expect(text(await get(server))).toBe('ok');
    expect(performance.now() - start).toBeGreaterThan(900);
    const busy = await serve((_path, _request, response) => void response.writeHead(503, { 'retry-after': '3600' }).end());
    expect(await codeOf(get(busy))).toBe('bad-status');
    expect(busy.asked).toHaveLength(1);
  });

  it('does not try again, or follow, when the answer would stay the same', async () => {
    const server = await serve((_path, _request, response) => void response.writeHead(302, { location: '/elsewhere' }).end());
    expect(await codeOf(get(server))).toBe('bad-status');
    expect(server.asked).toEqual(['checkpoint']);
  });

  it('says unreachable when nobody is there, or the connection breaks', async () => {
    expect(await codeOf((await open('http://127.0.0.1:1/')).get('checkpoint', { limit: 10 }))).toBe('unreachable');
    const server = await serve((_path, _request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half');
      response.destroy();
    });
    expect(await codeOf(get(server))).toBe('unreachable');
  });

  it('says unreachable for a server that does not speak HTTP', async () => {
    const server = createServer((socket) => socket.end('SSH-2.0-something\r\n'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    expect(await codeOf((await open(`http://127.0.0.1:${port}`)).get('checkpoint', { limit: 10 }))).toBe('unreachable');
  });

  it('ends with the caller\u2019s own signal', async () => {
    const server = await serve(() => {});
    const source = await open(server.url);
    await expect(source.get('checkpoint', { limit: 10, signal: AbortSignal.timeout(100) })).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it('asks for eight things at once and not more', async () => {
    let [now, most] = [0, 0];
    const server = await serve(async (_path, _request, response) => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setTimeout(resolve, 20));
      now -= 1;
      response.writeHead(200).end('x');
    });
    const source = await open(server.url);
    await Promise.all(Array.from({ length: 40 }, (_, i) => source.get(`tile/${i}`, { limit: 10 })));
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(8);
  });

  it('goes through the proxy that the environment names', async () => {
    const proxied: string[] = [];
    const target = await serve((_path, _request, response) => answer(response, Buffer.from('through the proxy')));
    const server = createServer((socket) => {
      socket.once('data', (head) => {
        proxied.push(head.toString().split('\r\n')[0]!);
        const { hostname, port } = new URL(target.url);
        const upstream = connect(Number(port), hostname, () => {
          if (head.toString().startsWith('CONNECT')) socket.write('HTTP/1.1 200 OK\r\n\r\n');
          else upstream.write(head);
          socket.pipe(upstream).pipe(socket);
        });
        upstream.on('error', () => socket.destroy());
        socket.on('error', () => upstream.destroy());
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const before = process.env['http_proxy'];
    process.env['http_proxy'] = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    onTestFinished(() => {
      if (before === undefined) delete process.env['http_proxy'];
      else process.env['http_proxy'] = before;
      server.close();
    });
    expect(text(await get(target))).toBe('through the proxy');
    expect(proxied).toHaveLength(1);
  });
});

describe('a source', () => {
  it.each([
    '',
    'log.example',
    'ftp://log.example/',
    'http://user:password@log.example/',
    'http://log.example/?x=1',
    'http://log.example/#x',
    'data:,x',
  ])('is not at %j', async (location) => {
    await expect(openSource(location)).rejects.toBeInstanceOf(ClientError);
    expect(await codeOf(openSource(location))).toBe('unusable');
  });
});
