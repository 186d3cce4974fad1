import { join } from 'node:path';
import { stat } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { PartialTileCollector } from '@verbatim/service-kit/tree';
import { signStatement } from '@verbatim/statements';
import { bytesEqual, decodeBundle, entriesPath, hashLeaf, tilePath } from '@verbatim/tlog';
import { anEnrolment, testSigner } from '@verbatim/testkit';
import { request } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkWholeLog, filesBelow, fromFolder, fromUrl } from '../_check-log.ts';
import { startLog, type TestLog } from '../_log.ts';

let log: TestLog;
const SIZE = 300;

beforeAll(async () => {
  log = await startLog();
  const enrol = (i: number): Uint8Array => signStatement(anEnrolment(testSigner(`rebuilder-${i}`)), [log.admin]);
  // Sizes of their own for the first few, each with its index root, then the rest at once.
  for (let size = 2; size < 16; size += 2) await log.post(enrol(size));
  for (let size = 16; size < SIZE; size += 201)
    await log.batch(Array.from({ length: Math.min(200, SIZE - size - 1) }, (_, i) => enrol(size + i)));
}, 240_000);

afterAll(async () => {
  await log?.[Symbol.asyncDispose]();
});

test('the whole log verifies over HTTP and from its folder, by C2SP paths alone', async () => {
  const overHttp = await checkWholeLog(fromUrl(log.url), log.logKey);
  const fromDisk = await checkWholeLog(fromFolder(join(log.config.data_dir, 'public')), log.logKey);
  expect(overHttp).toHaveLength(SIZE);
  expect(fromDisk).toEqual(overHttp);
});

test('tiles on disk are read-only and bundles are stored plain', async () => {
  const folder = join(log.config.data_dir, 'public');
  for (const path of await filesBelow(folder)) {
    if (path !== 'checkpoint') expect((await stat(join(folder, path))).mode & 0o777).toBe(0o444);
  }
  expect(decodeBundle(await fromFolder(folder)(entriesPath(0n)), 256)).toHaveLength(256);
});

test('partial tiles of sizes that were published are there, also after the full one exists', async () => {
  const width4 = new Uint8Array(await (await log.fetch(`/${tilePath(0, 0n, 4)}`)).arrayBuffer());
  const full = new Uint8Array(await (await log.fetch(`/${tilePath(0, 0n)}`)).arrayBuffer());
  expect(width4).toEqual(full.slice(0, 128));
});

test('partial tiles are collected once the full one is published, and then answered from it', async () => {
  // Reach into the running service's folder as the collector does.
  const folder = join(log.config.data_dir, 'public');
  const before = await (await log.fetch(`/${entriesPath(0n, 6)}`)).arrayBuffer();
  const engine = { published: { size: BigInt(SIZE) }, folder: { path: folder } } as unknown as Parameters<
    typeof PartialTileCollector.start
  >[0];
  using collector = PartialTileCollector.start(engine, undefined as never, 10);
  expect(collector).toBeDefined();
  await expect
    .poll(async () => (await filesBelow(folder)).filter((path) => path.includes('/000.p/') && !path.startsWith('tile/1/')))
    .toEqual([]);
  expect(await filesBelow(folder)).toContain(tilePath(0, 1n, SIZE - 256));
  const after = await (await log.fetch(`/${entriesPath(0n, 6)}`)).arrayBuffer();
  expect(bytesEqual(new Uint8Array(after), new Uint8Array(before))).toBe(true);
  expect((await log.fetch(`/${tilePath(0, 0n, 200)}`)).status).toBe(200);
});

test.each([
  ['a tile beyond the published size', tilePath(0, 2n)],
  ['a partial tile wider than the published size', tilePath(0, 1n, SIZE - 256 + 1)],
  ['a full tile that is only partial yet', tilePath(0, 1n)],
  ['a bundle beyond the published size', entriesPath(1n, 255)],
  ['a level that does not exist yet', tilePath(2, 0n, 1)],
  ['a width with a leading zero', 'tile/0/000.p/01'],
  ['width 256', 'tile/0/000.p/256'],
  ['width 0', 'tile/0/000.p/0'],
  ['an index without its zeros', 'tile/0/0'],
  ['a path that climbs', 'tile/../checkpoint'],
  ['an encoded path that climbs', 'tile/0/%2e%2e%2f%2e%2e%2fcheckpoint'],
  ['the folder', 'tile/0/'],
])('%s is 404', async (_, path) => {
  const { statusCode } = await request(`${log.url}/${path}`);
  // undici sends the path as it is, unlike fetch.
  expect(path === 'tile/../checkpoint' ? [200, 404] : [404]).toContain(statusCode);
});

test('caching: checkpoint never, full tiles for good, partial tiles briefly; CORS on all', async () => {
  const headers = async (path: string) => (await log.fetch(path)).headers;
  expect((await headers('/checkpoint')).get('cache-control')).toBe('no-store');
  expect((await headers('/checkpoint')).get('content-type')).toBe('text/plain; charset=utf-8');
  expect((await headers(`/${tilePath(0, 0n)}`)).get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect((await headers(`/${tilePath(0, 0n)}`)).get('content-type')).toBe('application/octet-stream');
  expect((await headers(`/${tilePath(1, 0n, 1)}`)).get('cache-control')).toBe('public, max-age=600, immutable');
  for (const path of ['/checkpoint', `/${tilePath(0, 0n)}`, '/index?lookup=x', '/nothing'])
    expect((await headers(path)).get('access-control-allow-origin')).toBe('*');
});

test('bundles are compressed for who accepts it and for nobody else', async () => {
  for (const path of [entriesPath(0n), entriesPath(1n, 44)]) {
    const plain = await request(`${log.url}/${path}`, { headers: { 'accept-encoding': 'identity' } });
    expect(plain.headers['content-encoding']).toBeUndefined();
    const plainBytes = Buffer.from(await plain.body.arrayBuffer());
    const packed = await request(`${log.url}/${path}`, { headers: { 'accept-encoding': 'br;q=0.5, gzip' } });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(packed.headers['vary']).toBe('Accept-Encoding');
    expect(gunzipSync(Buffer.from(await packed.body.arrayBuffer())).equals(plainBytes)).toBe(true);
    const refused = await request(`${log.url}/${path}`, { headers: { 'accept-encoding': 'gzip;q=0' } });
    expect(refused.headers['content-encoding']).toBeUndefined();
    await refused.body.dump();
  }
  const tile = await request(`${log.url}/${tilePath(0, 0n)}`, { headers: { 'accept-encoding': 'gzip' } });
  expect(tile.headers['content-encoding']).toBeUndefined();
  await tile.body.dump();
});

test('HEAD answers like GET without a body, and other methods are 404 problems', async () => {
  const head = await log.fetch('/checkpoint', { method: 'HEAD' });
  expect(head.status).toBe(200);
  expect(await head.text()).toBe('');
  expect((await log.json('/checkpoint', { method: 'DELETE' })).body.code).toBe('not-found');
});

test('a preflight from any page is answered', async () => {
  const answer = await log.fetch('/entries', {
    method: 'OPTIONS',
    headers: { origin: 'https://example.org', 'access-control-request-method': 'POST' },
  });
  expect(answer.status).toBe(204);
  expect(answer.headers.get('access-control-allow-methods')).toContain('POST');
});

test('the first entry is the genesis that init signed', async () => {
  const [genesis] = await checkWholeLog(fromUrl(log.url), log.logKey);
  expect(hashLeaf(genesis!)).toHaveLength(32);
  expect(JSON.parse(Buffer.from(JSON.parse(Buffer.from(genesis!).toString()).payload, 'base64').toString()).predicate).toMatchObject({
    action: 'genesis',
    admin: log.keys.adminVkey,
    root: log.keys.rootVkey,
  });
});
