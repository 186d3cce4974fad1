import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { zipOf } from './_zip.ts';
import { parseWheelName } from './pypi.ts';
import { receiveArtifact } from './receive.ts';

const ARM64 = 'some_tool-1.2.0-py2.py3-none-manylinux2014_aarch64.whl';
const X64 = ARM64.replace('aarch64', 'x86_64');
const BINARY = Buffer.alloc(50_000, 'binary ');
const MEMBER = 'some_tool-1.2.0.data/scripts/tool';

const digests = (bytes: Buffer) => ({
  sha256: createHash('sha256').update(bytes).digest('hex'),
  sha512: createHash('sha512').update(bytes).digest('hex'),
});

function wheel(machine: string): Buffer {
  return zipOf([
    { name: MEMBER, content: Buffer.concat([BINARY, Buffer.from(machine)]), mode: 0o100755 },
    {
      name: 'some_tool-1.2.0.dist-info/METADATA',
      content: 'Metadata-Version: 2.1\nName: some-tool\nVersion: 1.2.0\nRequires-Python: >=3.99\n',
    },
    {
      name: 'some_tool-1.2.0.dist-info/WHEEL',
      content: `Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: false\nTag: py3-none-manylinux2014_${machine}\n`,
    },
    { name: 'some_tool-1.2.0.dist-info/RECORD', content: '' },
  ]);
}

/** An index with one project, on loopback; the real pip talks to it. */
async function index({ hash = true }: { hash?: boolean } = {}) {
  const wheels = new Map([
    [ARM64, wheel('aarch64')],
    [X64, wheel('x86_64')],
  ]);
  const server = createServer((request, response) => {
    const file = wheels.get(request.url!.slice('/files/'.length));
    if (file !== undefined) return void response.end(file);
    if (request.url !== '/simple/some-tool/') return void response.writeHead(404).end();
    const links = [...wheels].map(([name, bytes]) => {
      const sha256 = hash ? digests(bytes).sha256 : 'f'.repeat(64);
      return `<a href="/files/${name}#sha256=${sha256}" data-requires-python="&gt;=3.99">${name}</a>`;
    });
    response.setHeader('content-type', 'text/html').end(`<!DOCTYPE html><html><body>${links.join('\n')}</body></html>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const root = await temporaryFolder();
  const privateDir = join(root, 'private');
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const environment = {
    PATH: process.env['PATH']!,
    HOME: root,
    PIP_INDEX_URL: `${address}/simple`,
    PIP_RETRIES: '0',
    PIP_CONFIG_FILE: '/dev/null',
  };
  const receive = (file: string, version = '1.2.0') => {
    const container = { name: ARM64, ...digests(wheels.get(ARM64)!) };
    return receiveArtifact({
      coordinate: `pkg:pypi/some-tool@${version}?file_name=${file}`,
      member: { path: MEMBER, container },
      claimed: digests(Buffer.concat([BINARY, Buffer.from('aarch64')])),
      privateDir,
      environment,
    });
  };
  return { receive, privateDir };
}

test('the wheel of another machine, for a Python that nobody has, is received through pip, and its member taken out', async () => {
  const { receive, privateDir } = await index();
  expect(await receive(ARM64)).toMatchObject({ kind: 'received', claimMismatch: false });
  expect(readdirSync(privateDir)).toEqual(['artifact']);
  expect(readFileSync(join(privateDir, 'artifact')).subarray(0, BINARY.length).equals(BINARY)).toBe(true);
  // Another file of the same version is another file.
  expect(await receive(X64)).toMatchObject({ kind: 'received', claimMismatch: true });
});

test('a version or a wheel that is not there is not published; a wheel with another hash than its index says is no wheel of it', async () => {
  const { receive } = await index();
  expect(await receive(ARM64.replace('1.2.0', '1.3.0'), '1.3.0')).toMatchObject({ reason: 'not-published', transient: false });
  expect(await receive(ARM64.replace('manylinux2014', 'musllinux_1_1'))).toMatchObject({ reason: 'not-published' });
  const wrong = await index({ hash: false });
  expect(await wrong.receive(ARM64)).toMatchObject({ reason: 'integrity-mismatch', transient: false });
});

test.each([
  ['no wheel', 'some_tool-1.2.0.tar.gz'],
  ['a wheel of another project', 'other-1.2.0-py3-none-any.whl'],
  ['a wheel of another version', 'some_tool-1.2.1-py3-none-any.whl'],
  ['a path', '..%2Fsome_tool-1.2.0-py3-none-any.whl'],
])('%s is no coordinate', async (_, file) => {
  const { receive } = await index();
  expect(await receive(file)).toMatchObject({ reason: 'coordinate-unsupported' });
});

test('a wheel’s tags make pip choose it', () => {
  expect(parseWheelName('a_b-1.0-1-cp39-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl')).toEqual({
    name: 'a_b',
    version: '1.0',
    options: [
      ...['--implementation', 'cp', '--python-version', '39', '--ignore-requires-python', '--abi', 'abi3'],
      ...['--platform', 'manylinux_2_17_x86_64', '--platform', 'manylinux2014_x86_64'],
    ],
  });
  for (const name of ['a-1.whl', '-r-1.0-py3-none-any.whl', 'a-1.0-py3-none-any.whl.exe', `a-1.0-py3-none-${'x'.repeat(300)}.whl`]) {
    expect(parseWheelName(name)).toBeNull();
  }
});
