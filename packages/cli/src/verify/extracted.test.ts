import { debMembers } from '@verbatim/binaries/archives';
import { memberRoot } from '@verbatim/builder';
import { encodeCanonicalJson } from '@verbatim/statements';
import { aRelease } from '@verbatim/testkit';
import { toHex } from '@verbatim/tlog';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LogServer } from '../_log-server.ts';
import { checkedOutput } from '../_schema.ts';
import { Folder, World, verbatim } from '../_world.ts';

const digest = (kind: string, bytes: Uint8Array): string => createHash(kind).update(bytes).digest('hex');
const PATH = 'usr/bin/hello';
const folder = new Folder();

/** A Debian package, made by dpkg-deb, and what dpkg-deb unpacks of it. */
function packed(): { deb: Buffer; installed: string } {
  const [tree, deb, installed] = ['tree', 'hello.deb', 'installed'].map((name) => join(folder.path, name)) as [string, string, string];
  mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
  mkdirSync(join(tree, 'usr/bin'), { recursive: true });
  folder.file('tree/DEBIAN/control', 'Package: hello\nVersion: 1.0\nArchitecture: amd64\nMaintainer: A <a@mail.example>\nDescription: x\n');
  cpSync('/bin/true', join(tree, PATH));
  folder.file('tree/usr/bin/other', 'another program');
  execFileSync('dpkg-deb', ['--root-owner-group', '--build', tree, deb]);
  execFileSync('dpkg-deb', ['--extract', deb, installed]);
  return { deb: readFileSync(deb), installed };
}

let world: World;
let server: LogServer;
let file: string;
let container: string;
let list: Uint8Array;
let root: string;

beforeAll(async () => {
  const { deb, installed } = packed();
  file = join(installed, PATH);
  container = digest('sha256', deb);
  const entries = (await debMembers(deb)).toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  list = encodeCanonicalJson(entries);
  root = toHex(memberRoot(entries));
  const published = { name: 'hello_1.0_amd64.deb', target: 'linux/amd64', coordinate: 'pkg:npm/hello@1.0.0' };
  const artifact = { ...published, sha256: container, sha512: digest('sha512', deb) };
  world = new World({ release: aRelease({ artifacts: [artifact] }) });
  const members = { observed: { sha256: container, members: { root, size: entries.length } } };
  const evidence = [{ kind: 'members' as const, sha256: digest('sha256', list), size: list.length }];
  for (const position of [0, 1]) world.scene.observe(position, { ...members, evidence });
  server = await LogServer.start(world.scene.log);
  server.files.set(`/blobs/${digest('sha256', list)}`, list);
  world.policy = world.file('policy', world.policyText(['require 2'], { url: server.url }));
});
afterAll(async () => {
  world[Symbol.dispose]();
  folder[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

const verify = (...args: string[]) => verbatim(['verify', '--policy', world.policy, ...args], { env: { HOME: world.path } });
const inside = (path = PATH): string[] => ['--member-of', `sha256:${container}`, '--member', path];

describe('verify of a file that was installed from a package', () => {
  test('is reproduced with the package, though only the log knows the package', async () => {
    const { code, stdout } = await verify(file, ...inside());
    expect({ code, first: stdout.split('\n')[0] }).toEqual({ code: 0, first: expect.stringContaining('✓ REPRODUCED') });
    expect(stdout).toContain(`extracted from sha256:${container}: ${PATH}`);
    expect(stdout).toContain('mode 0755 there');
    const json = checkedOutput((await verify('--json', file, ...inside())).stdout).results[0]!;
    expect(json).toMatchObject({
      sha256: digest('sha256', readFileSync(file)),
      member: PATH,
      extracted: { container, path: PATH, root },
      matches: 2,
    });
  });

  test('is not when a byte of it changed, and the expected digest is named', async () => {
    const bytes = readFileSync(file);
    bytes[bytes.length - 1]! ^= 1;
    const { code, stdout } = await verify(folder.file('changed', bytes), ...inside());
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ UNKNOWN FILE/);
    expect(stdout).toContain(`expected ${PATH} of`);
    expect(stdout).toContain(digest('sha256', readFileSync(file)));
  });

  test('is not as another file of the package, nor where the package has none', async () => {
    expect((await verify(file, ...inside('usr/bin/other'))).code).toBe(1);
    const { code, stdout } = await verify(file, ...inside('usr/local/bin/hello'));
    expect(code).toBe(1);
    expect(stdout).toContain(`has no usr/local/bin/hello; it has ${PATH}`);
  });

  test('says what to do when the list of members has expired; a list that somebody else kept does', async () => {
    const blob = `/blobs/${digest('sha256', list)}`;
    server.files.delete(blob);
    const { code, stdout } = await verify(file, ...inside());
    expect(code).toBe(4);
    expect(stdout).toContain('--members FILE');
    expect((await verify(file, ...inside(), '--members', folder.file('members.json', list))).code).toBe(0);
    const changed = Buffer.from(Buffer.from(list).toString().replace('"mode":493', '"mode":511'));
    expect((await verify(file, ...inside(), '--members', folder.file('members.json', changed))).code).toBe(4);
    server.files.set(blob, list);
  });

  test('works offline with the bundle that was saved; with another bundle, by a list; and is not checked without either', async () => {
    const saved = join(world.path, 'saved.json');
    expect((await verify(file, ...inside(), '--save-bundle', saved)).code).toBe(0);
    const alone = ['--offline', '--bundle', saved];
    expect((await verify(file, ...inside(), ...alone)).code).toBe(0);
    expect((await verify(file, ...inside('usr/bin/other'), ...alone)).code).toBe(4);
    expect((await verify(folder.file('changed', 'x'), ...inside(), ...alone)).code).toBe(1);
    const offline = ['--offline', '--bundle', world.bundle()];
    expect((await verify(file, ...inside(), ...offline, '--members', folder.file('members.json', list))).code).toBe(0);
    expect((await verify(file, ...inside(), ...offline)).code).toBe(4);
  });

  test.each([
    [['--member-of', 'a'.repeat(64)], 'say with --member PATH'],
    [['--member-of', 'shfmt.deb', '--member', PATH], 'expected the SHA-256 of the container'],
    [['--members', '/dev/null'], 'name it with --member-of'],
    [['--member-of', 'a'.repeat(64), '--member', PATH, '--members', '/dev/null', '--offline'], '--bundle FILE'],
  ])('%j is refused', async (args, message) => {
    const { code, stdout } = await verify(file, ...args);
    expect(code).toBe(2);
    expect(stdout).toContain(message);
  });

  test('a file that is no list is refused', async () => {
    const { code, stdout } = await verify(file, ...inside(), '--members', folder.file('none', '{}'));
    expect(code).toBe(2);
    expect(stdout).toContain('is no list of members');
  });
});
