import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { npmEnvironment } from './npm.ts';
import { receiveArtifact, type ReceiveRequest } from './receive.ts';

const digests = (bytes: Buffer) => ({
  sha256: createHash('sha256').update(bytes).digest('hex'),
  sha512: createHash('sha512').update(bytes).digest('hex'),
});

const BINARY = Buffer.alloc(100_000, 'binary ');

async function tarball(): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: 'package/package.json' }, '{"name":"@scope/tool","version":"1.2.3","scripts":{"postinstall":"touch /tmp/never"}}');
  tar.entry({ name: 'package/bin/tool', mode: 0o755 }, BINARY);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return gzipSync(Buffer.concat(chunks));
}

/** A registry with one package, on loopback; the real npm client talks to it. */
async function registry(changes: { integrity?: string; answer?: (request: IncomingMessage, response: ServerResponse) => boolean } = {}) {
  const tgz = await tarball();
  const server = createServer((request, response) => {
    if (changes.answer?.(request, response)) return;
    const { port } = server.address() as AddressInfo;
    if (request.url === '/tool.tgz') return void response.end(tgz);
    if (!request.url?.startsWith('/@scope')) return void response.writeHead(404, { 'content-type': 'application/json' }).end('{}');
    const integrity = changes.integrity ?? `sha512-${createHash('sha512').update(tgz).digest('base64')}`;
    const version = { name: '@scope/tool', version: '1.2.3', dist: { tarball: `http://127.0.0.1:${port}/tool.tgz`, integrity } };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ name: '@scope/tool', 'dist-tags': { latest: '1.2.3' }, versions: { '1.2.3': version } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const root = await temporaryFolder();
  const privateDir = join(root, 'private');
  const environment = {
    PATH: process.env['PATH']!,
    HOME: root,
    npm_config_registry: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    npm_config_fetch_retries: '0',
  };
  const container = { name: 'tool-1.2.3.tgz', ...digests(tgz) };
  const receive = (request: Partial<ReceiveRequest> = {}) =>
    receiveArtifact({
      coordinate: 'pkg:npm/%40scope/tool@1.2.3',
      member: { path: 'package/bin/tool', container },
      claimed: digests(BINARY),
      privateDir,
      environment,
      ...request,
    });
  return { receive, tgz, container, privateDir, root };
}

test('the published member is received through npm, into a folder of our own, with nothing else left behind', async () => {
  const { receive, container, privateDir, root } = await registry();
  const outcome = await receive();
  expect(outcome).toEqual({
    kind: 'received',
    path: join(privateDir, 'artifact'),
    file: { ...digests(BINARY), size: BINARY.length },
    container: { sha256: container.sha256, sha512: container.sha512, size: expect.any(Number) },
    claimMismatch: false,
  });
  expect(readFileSync(join(privateDir, 'artifact')).equals(BINARY)).toBe(true);
  expect(readdirSync(privateDir)).toEqual(['artifact']);
  expect(statSync(privateDir).mode & 0o777).toBe(0o700);
  expect(existsSync(join(root, '.npm'))).toBe(false);
});

test('a file that is published by itself is received as it is', async () => {
  const { receive, tgz } = await registry();
  const outcome = await receive({ member: null, claimed: digests(tgz) });
  expect(outcome).toMatchObject({ kind: 'received', container: null, claimMismatch: false, file: digests(tgz) });
});

test('another file than the release claims is received all the same, and said to be another', async () => {
  const { receive } = await registry();
  const outcome = await receive({ claimed: digests(Buffer.from('something else')) });
  expect(outcome).toMatchObject({ kind: 'received', claimMismatch: true, file: digests(BINARY) });
});

test('a claim is compared in both digests', async () => {
  const { receive } = await registry();
  expect(await receive({ claimed: { ...digests(BINARY), sha512: '0'.repeat(128) } })).toMatchObject({ claimMismatch: true });
});

test('the claimed member in another container is unavailable, not a mismatch of the member', async () => {
  const { receive } = await registry();
  const container = { name: 'x.tgz', ...digests(Buffer.from('other')) };
  const outcome = await receive({ member: { path: 'package/bin/tool', container } });
  expect(outcome).toMatchObject({ kind: 'unavailable', reason: 'container-mismatch', transient: false });
});

test('a member that is not in the container is missing', async () => {
  const { receive, container, privateDir } = await registry();
  expect(await receive({ member: { path: 'package/bin/other', container } })).toMatchObject({ reason: 'member-missing' });
  expect(existsSync(privateDir)).toBe(false);
});

test('a version or package that nobody published is not published', async () => {
  const { receive } = await registry();
  expect(await receive({ coordinate: 'pkg:npm/%40scope/tool@1.2.4' })).toMatchObject({ reason: 'not-published', transient: false });
  expect(await receive({ coordinate: 'pkg:npm/nothing@1.0.0' })).toMatchObject({ reason: 'not-published', transient: false });
});

test('a registry that is down or slow may be up later', async () => {
  const down = await registry({ answer: (_, response) => (response.writeHead(503).end(), true) });
  expect(await down.receive()).toMatchObject({ reason: 'network', transient: true });
  const slow = await registry({ answer: () => true });
  expect(await slow.receive({ limits: { seconds: 2 } })).toMatchObject({ reason: 'receive-timeout', transient: true });
});

test('a registry whose own hash is wrong is not believed', async () => {
  const { receive } = await registry({ integrity: `sha512-${Buffer.alloc(64).toString('base64')}` });
  expect(await receive()).toMatchObject({ reason: 'integrity-mismatch' });
});

test('a file over the limit is not received', async () => {
  const huge = await registry({
    answer(request, response) {
      if (request.url !== '/tool.tgz') return false;
      response.end(Buffer.alloc(3_000_000));
      return true;
    },
    integrity: `sha512-${createHash('sha512').update(Buffer.alloc(3_000_000)).digest('base64')}`,
  });
  expect(await huge.receive({ limits: { fileBytes: 1_000_000 } })).toMatchObject({ kind: 'unavailable' });
});

test.each([
  'pkg:pypi/tool@1.0.0',
  'pkg:npm/tool@file:evil',
  'pkg:npm/tool@1',
  'pkg:npm/tool@1.0.0?a=b',
  'pkg:npm/..@1.0.0',
  'pkg:npm/tool',
])('%s is not fetched', async (coordinate) => {
  const outcome = await receiveArtifact({
    coordinate,
    member: null,
    claimed: digests(BINARY),
    privateDir: join(await temporaryFolder(), 'private'),
  }).catch((error: { code: string }) => error.code);
  expect(typeof outcome === 'string' ? outcome : outcome.kind === 'unavailable' && outcome.reason).toMatch(
    /bad-purl|coordinate-unsupported/,
  );
});

test('npm gets its own settings, and nothing that makes it do anything else', () => {
  const passed = npmEnvironment({
    PATH: '/bin',
    HOME: '/home/u',
    NPM_CONFIG_REGISTRY: 'https://mirror.example/',
    'npm_config_@scope:registry': 'https://scope.example/',
    npm_config_cafile: '/ca',
    npm_config_script_shell: '/evil',
    npm_config_node_options: '--require /evil',
    npm_config_ignore_scripts: 'false',
    NODE_OPTIONS: '--require /evil',
    LD_PRELOAD: '/evil',
    HTTPS_PROXY: 'http://proxy.example',
  });
  expect(Object.keys(passed).sort()).toEqual([
    'HOME',
    'HTTPS_PROXY',
    'LC_ALL',
    'NPM_CONFIG_REGISTRY',
    'PATH',
    'npm_config_@scope:registry',
    'npm_config_cafile',
  ]);
});
