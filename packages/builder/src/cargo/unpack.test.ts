import { createHash } from 'node:crypto';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { writeArchive, type Member } from './_archive.ts';
import { unpack } from './unpack.ts';

async function unpacked(members: readonly Member[], maxBytes = 1_000_000) {
  const folder = await temporaryFolder();
  const [archive, to] = [join(folder, 'a.crate'), join(folder, 'deep', 'a')];
  await writeArchive(archive, members);
  return { to, found: await unpack({ archive, name: 'a 1.0.0', folder: 'a-1.0.0', to, maxBytes }) };
}

test('files come out with digests, rights that a build’s user can read, and the archive’s times, whatever the umask', async () => {
  const umask = process.umask(0o077);
  try {
    const mtime = new Date('2006-07-24T01:21:28Z');
    const { to, found } = await unpacked([
      { name: 'a-1.0.0/src/deep/lib.rs', content: 'x', mode: 0o600, mtime },
      { name: 'a-1.0.0/configure', content: '#!/bin/sh\n', mode: 0o4755, mtime },
    ]);
    expect(found).toEqual([
      { path: 'configure', sha256: createHash('sha256').update('#!/bin/sh\n').digest('hex') },
      { path: 'src/deep/lib.rs', sha256: createHash('sha256').update('x').digest('hex') },
    ]);
    expect(await readFile(join(to, 'src/deep/lib.rs'), 'utf8')).toBe('x');
    const modes = await Promise.all(['.', 'src', 'src/deep', 'src/deep/lib.rs', 'configure'].map((path) => stat(join(to, path))));
    expect(modes.map(({ mode }) => mode & 0o7777)).toEqual([0o755, 0o755, 0o755, 0o644, 0o755]);
    expect(modes.at(-1)!.mtime).toEqual(mtime);
  } finally {
    process.umask(umask);
  }
});

test.each<[string, Member[]]>([
  ['a path that leads out', [{ name: 'a-1.0.0/../../evil', content: 'x' }]],
  ['an absolute path', [{ name: '/etc/evil', content: 'x' }]],
  ['another folder', [{ name: 'b-1.0.0/x', content: 'x' }]],
  ['a folder whose name only begins like it', [{ name: 'a-1.0.0evil/x', content: 'x' }]],
  ['a symbolic link', [{ name: 'a-1.0.0/link', type: 'symlink', linkname: '/etc/passwd' }]],
  ['a hard link', [{ name: 'a-1.0.0/link', type: 'link', linkname: 'a-1.0.0/x' }]],
  ['a device', [{ name: 'a-1.0.0/null', type: 'character-device' }]],
  [
    'a file twice',
    [
      { name: 'a-1.0.0/x', content: 'x' },
      { name: 'a-1.0.0/x', content: 'y' },
    ],
  ],
  [
    'a file where a folder is',
    [
      { name: 'a-1.0.0/x', content: 'x' },
      { name: 'a-1.0.0/x/y', content: 'y' },
    ],
  ],
  ['more than it may hold', [{ name: 'a-1.0.0/x', content: 'x'.repeat(2_000_000) }]],
])('%s is refused', async (_, members) => {
  expect((await unpacked(members)).found).toMatchObject({ kind: 'unavailable', reason: 'malformed-archive', transient: false });
});

test('a truncated archive is refused', async () => {
  const folder = await temporaryFolder();
  const archive = join(folder, 'a.crate');
  await writeArchive(archive, [{ name: 'a-1.0.0/x', content: 'x'.repeat(10_000) }]);
  await writeFile(archive, (await readFile(archive)).subarray(0, 60));
  await chmod(archive, 0o600);
  const found = await unpack({ archive, name: 'a', folder: 'a-1.0.0', to: join(folder, 'a'), maxBytes: 1_000_000 });
  expect(found).toMatchObject({ reason: 'malformed-archive' });
});
