import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { loadSigner } from '@verbatim/service-kit/keyfile';
import { parseVkey } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import { describe, expect, test } from 'vitest';
import { Folder, verbatim } from '../_world.ts';

describe('keygen', () => {
  test('writes a key that only its owner can read, and prints the public one', async () => {
    using folder = new Folder();
    const out = join(folder.path, 'acme.key');
    const { code, stdout } = await verbatim(['keygen', '--name', 'acme-1.example', '--out', out]);
    expect(code).toBe(0);
    const vkey = stdout.slice(0, -1);
    expect(parseVkey(vkey)).toMatchObject({ name: 'acme-1.example', type: 0x01 });
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect(readFileSync(`${out}.pub`, 'utf8')).toBe(stdout);
    expect(vkeyOf(loadSigner(out))).toBe(vkey);
    expect(stdout).not.toContain('PRIVATE');
  });

  test('a witness’s public key has the type of cosignatures', async () => {
    using folder = new Folder();
    const { stdout } = await verbatim(['keygen', '--name', 'w.example', '--type', 'witness', '--out', join(folder.path, 'w')]);
    expect(parseVkey(stdout.slice(0, -1)).type).toBe(0x04);
  });

  test('never overwrites, not through a link either', async () => {
    using folder = new Folder();
    const out = folder.file('key', 'precious');
    expect((await verbatim(['keygen', '--name', 'a', '--out', out])).code).toBe(2);
    expect(readFileSync(out, 'utf8')).toBe('precious');
    const link = join(folder.path, 'link');
    symlinkSync(join(folder.path, 'elsewhere'), link);
    expect((await verbatim(['keygen', '--name', 'a', '--out', link])).code).toBe(2);
    expect(() => statSync(join(folder.path, 'elsewhere'))).toThrow('ENOENT');
  });

  test.each(['two words', 'a+b', '', 'line\nbreak'])('refuses the name %j', async (name) => {
    using folder = new Folder();
    const { code, stderr } = await verbatim(['keygen', '--name', name, '--out', join(folder.path, 'key')]);
    expect(code).toBe(2);
    expect(stderr).toContain('--name: expected a name without');
    expect(() => statSync(join(folder.path, 'key'))).toThrow('ENOENT');
  });
});

test.each([
  ['frobnicate', 'verbatim help'],
  ['keygen --nmae x', 'verbatim keygen --help'],
  ['log frobnicate', 'verbatim log --help'],
  ['log admin enrol --rloe x', 'verbatim log admin enrol --help'],
])('after the mistake in %j the help of that command is named', async (line, help) => {
  const { code, stderr } = await verbatim(line.split(' '));
  expect([code, stderr]).toEqual([2, expect.stringContaining(`(${help} shows what there is)`)]);
});

describe('rebuilder', () => {
  test('enrol-request prints what a log needs and the lines for policies', async () => {
    using folder = new Folder();
    const key = join(folder.path, 'key');
    const vkey = (await verbatim(['keygen', '--name', 'acme-1', '--out', key])).stdout.slice(0, -1);
    const args = ['rebuilder', 'enrol-request', '--key', key, '--operator', 'acme', '--host', 'linux/amd64'];
    const { code, stdout } = await verbatim(args);
    expect(code).toBe(0);
    expect(stdout).toContain(`\nrebuilder acme-1 acme linux/amd64 ${vkey}\n`);
    expect(stdout).toContain('--role rebuilder');
    const json = JSON.parse((await verbatim([...args, '--json'])).stdout) as Record<string, unknown>;
    expect(json).toMatchObject({ role: 'rebuilder', vkey, operator: 'acme', host: 'linux/amd64' });
    expect((await verbatim([...args.slice(0, -1), 'amd64'])).code).toBe(2);
    expect(
      (await verbatim(['rebuilder', 'enrol-request', '--key', '/nonexistent', '--operator', 'acme', '--host', 'linux/amd64'])).code,
    ).toBe(2);
  });

  test('a key that others can read is refused', async () => {
    using folder = new Folder();
    const key = join(folder.path, 'key');
    await verbatim(['keygen', '--name', 'acme-1', '--out', key]);
    const exposed = join(folder.path, 'exposed');
    writeFileSync(exposed, readFileSync(key), { mode: 0o644 });
    const { code, stderr } = await verbatim([
      'rebuilder',
      'enrol-request',
      '--key',
      exposed,
      '--operator',
      'acme',
      '--host',
      'linux/amd64',
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain('0644');
    expect(stderr).not.toContain('PRIVATE');
  });

  test('status, drain and requeue speak HTTP on the node’s socket', async () => {
    using folder = new Folder();
    const seen: string[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        seen.push(`${request.method} ${request.url} ${body}`);
        if (request.url === '/requeue' && body.includes('"artifact":"none"')) {
          response.writeHead(404, { 'content-type': 'application/problem+json' });
          response.end(JSON.stringify({ title: 'Unknown job', detail: 'no such artifact' }));
        } else {
          response.end(JSON.stringify({ ok: true }));
        }
      });
    });
    const socket = join(folder.path, 'node.sock');
    server.listen(socket);
    await once(server, 'listening');
    try {
      for (const args of [['status'], ['drain'], ['requeue', '--release', '12', '--artifact', 'linux-x64/bin/esbuild']]) {
        const { code, stdout } = await verbatim(['rebuilder', ...args, '--socket', socket]);
        expect(code).toBe(0);
        expect(JSON.parse(stdout)).toEqual({ ok: true });
      }
      expect(seen).toEqual(['GET /status ', 'POST /drain ', 'POST /requeue {"release":12,"artifact":"linux-x64/bin/esbuild"}']);
      const refused = await verbatim(['rebuilder', 'requeue', '--socket', socket, '--release', '12', '--artifact', 'none']);
      expect(refused.code).toBe(2);
      expect(refused.stderr).toContain('404: Unknown job: no such artifact');
      expect((await verbatim(['rebuilder', 'requeue', '--socket', socket, '--release', '-1', '--artifact', 'x'])).code).toBe(2);
    } finally {
      server.close();
    }
    const again = ['rebuilder', 'requeue', '--socket', socket, '--release', '12', '--artifact', 'x', '--attempt'];
    expect((await verbatim([...again, '0'])).code).toBe(2);
    const gone = await verbatim(['rebuilder', 'status', '--socket', socket]);
    expect(gone.code).toBe(2);
    expect(gone.stderr).toContain('is the node running?');
  });
});
