import { execFileSync } from 'node:child_process';
import { lstat, mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { configureRoot } from './configure.ts';
import { tidyRoot, unpackPackages, type UnpackRequest } from './unpack.ts';

interface Place extends UnpackRequest {
  readonly folder: string;
  /** Somebody's folder that no package has anything to do with. */
  readonly outside: string;
}

/** Packages of these names, each of what `fill` puts into its folder. */
async function packagesOf(fill: Readonly<Record<string, (tree: string, outside: string) => Promise<unknown>>>): Promise<Place> {
  const place = await temporaryFolder();
  const [folder, outside] = [join(place, 'packages'), join(place, 'outside')];
  for (const each of [folder, outside, join(outside, 'log')]) await mkdir(each);
  await writeFile(join(outside, 'log', 'diary'), 'kept\n');
  const packages: string[] = [];
  for (const [name, put] of Object.entries(fill)) {
    const [tree, deb] = [join(place, name), join(folder, `${name}_all.deb`)];
    await mkdir(join(tree, 'DEBIAN'), { recursive: true, mode: 0o755 });
    const control = `Package: ${name}\nVersion: 1\nArchitecture: all\nEssential: yes\nMaintainer: A Tester <tester@mail.example>\nDescription: for tests\n`;
    await writeFile(join(tree, 'DEBIAN', 'control'), control);
    await put(tree, outside);
    execFileSync('dpkg-deb', ['-Znone', '--root-owner-group', '--build', tree, deb], { stdio: 'ignore' });
    packages.push(deb);
  }
  return { folder, outside, packages, root: join(place, 'root'), mergedUsr: true, timeout: 60_000 };
}

async function fileIn(tree: string, path: string, mode = 0o644): Promise<void> {
  await mkdir(join(tree, path, '..'), { recursive: true });
  await writeFile(join(tree, path), 'planted\n', { mode });
}

async function expectUntouched({ outside }: Place): Promise<void> {
  expect(await readdir(outside)).toEqual(['log']);
  expect(await readdir(join(outside, 'log'))).toEqual(['diary']);
}

test('packages are unpacked over each other through links within the system, and nothing else is left beside it', async () => {
  const place = await packagesOf({
    one: (tree) => fileIn(tree, 'usr/bin/one', 0o4755),
    two: (tree) => fileIn(tree, 'bin/two', 0o755),
  });
  await unpackPackages(place);
  await tidyRoot(place.root);
  expect((await readdir(join(place.root, 'usr/bin'))).toSorted()).toEqual(['one', 'two']);
  const { mode, uid } = await stat(join(place.root, 'usr/bin/one'));
  expect([mode & 0o7777, uid]).toEqual([0o755, process.getuid!()]);
  expect((await readdir(join(place.root, '..'))).filter((name) => name.startsWith('root'))).toEqual(['root']);
});

test('a package that leads the next one’s files out of the system by a link writes nothing there', async () => {
  const place = await packagesOf({
    link: (tree, outside) => symlink(outside, join(tree, 'srv')),
    through: (tree) => fileIn(tree, 'srv/planted'),
  });
  await unpackPackages(place);
  await expectUntouched(place);
  // Where the sandbox looks, the link leads nowhere.
  expect(await readdir(join(place.root, 'srv'))).toEqual(['planted']);
  expect((await lstat(join(place.root, 'srv'))).isDirectory()).toBe(true);
});

test('a system that has a link in the place of a folder which is emptied is refused, and what the link leads to is kept', async () => {
  const place = await packagesOf({ link: (tree, outside) => symlink(outside, join(tree, 'var')) });
  await unpackPackages(place);
  await expect(tidyRoot(place.root)).rejects.toThrow('expected var to be a folder, found something else');
  await expectUntouched(place);
});

test('a link in the place of a folder that dpkg’s files are written to is refused, one in the place of a file is replaced', async () => {
  const place = await packagesOf({
    dpkg: (tree, outside) => symlink(outside, join(tree, 'etc')),
    fakeroot: (tree) => fileIn(tree, 'usr/share/fakeroot'),
    'util-linux': async (tree, outside) => {
      await mkdir(join(tree, 'var/lib/dpkg'), { recursive: true });
      await symlink(join(outside, 'log', 'diary'), join(tree, 'var/lib/dpkg/status'));
    },
  });
  await expect(configureRoot(place)).rejects.toThrow('expected etc to be a folder, found something else');
  await expectUntouched(place);
  expect(await readFile(join(place.outside, 'log', 'diary'), 'utf8')).toBe('kept\n');
});

test('what is no package is named', async () => {
  const place = await packagesOf({ one: (tree) => fileIn(tree, 'usr/bin/one'), two: (tree) => fileIn(tree, 'usr/bin/two') });
  await writeFile(place.packages[1]!, 'nothing of the kind\n'.repeat(100));
  await expect(unpackPackages(place)).rejects.toThrow(/two_all\.deb: expected a Debian package, found: .*not a Debian format archive/s);
});
