import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { distributionFolders, programMounts, rootFolders, systemFolders } from './host-files.ts';

test('a program comes with its libraries and nothing else', () => {
  const mounts = programMounts('sh');
  expect(mounts[0]).toMatchObject({ kind: 'read-only', path: '/bin/sh' });
  expect(mounts.length).toBeGreaterThan(1);
  for (const mount of mounts)
    expect(mount.kind === 'read-only' && existsSync(mount.source) && /^\/(?:bin|lib|lib64|usr\/lib)/.test(mount.path)).toBe(true);
});

test('a program that is not there is named', () => {
  expect(() => programMounts('no-such-program')).toThrow(/no-such-program/);
});

test('the system’s folders are those that exist', () => {
  expect(systemFolders().map(({ path }) => path)).toContain('/usr');
  expect(systemFolders().map(({ path }) => path)).not.toContain('/etc');
});

test('what people installed by hand is not part of the distribution', () => {
  const { stdout } = spawnSync('ls', ['-d', '/usr/local'], { encoding: 'utf8' });
  const empty = distributionFolders().filter(({ kind }) => kind === 'empty');
  expect(empty.some(({ path }) => path === '/usr/local')).toBe(stdout !== '');
});

test('another system’s root is shown by its folders and links, but for those that every sandbox has of its own', async () => {
  const root = await temporaryFolder();
  for (const folder of ['usr/bin', 'etc', 'dev', 'proc', 'tmp', 'build']) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'usr/bin/prlimit'), '');
  writeFileSync(join(root, 'swapfile'), '');
  symlinkSync('usr/bin', join(root, 'bin'));
  expect(rootFolders({ root }).sort((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
    { kind: 'link', target: 'usr/bin', path: '/bin' },
    { kind: 'read-only', source: join(root, 'etc'), path: '/etc' },
    { kind: 'read-only', source: join(root, 'usr'), path: '/usr' },
  ]);
  expect(rootFolders({ root, writable: true })).toEqual([{ kind: 'writable', source: root, path: '/' }]);
});

test('a root without prlimit is refused, with what to add', async () => {
  const root = await temporaryFolder();
  expect(() => rootFolders({ root })).toThrow(/add util-linux/);
});
