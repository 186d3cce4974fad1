import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { keepFile, sha256Of } from '../cache/files.ts';
import { hostPlatform } from '../platform.ts';
import { writeArchive, type Member } from './_archive.ts';
import { npmTools } from './c-npm.ts';

interface Package {
  readonly folder: string;
  readonly inner: readonly Member[];
  /** In the place of the archive. */
  readonly outer?: Member;
}

/** The tools of a package that is in the cache already. */
async function tools(root: string, { folder, inner, outer }: Package) {
  const [scratch, cacheDir, dir] = ['scratch', 'cache', 'cc'].map((name) => join(root, name)) as [string, string, string];
  mkdirSync(scratch);
  const made = join(root, 'tools.tar.gz');
  await writeArchive(made, inner);
  const tarball = join(root, 'package.tgz');
  const archived = { name: 'package/tools.tar.gz', content: readFileSync(made) as unknown as string };
  await writeArchive(tarball, [outer ?? archived]);
  const sha256 = await sha256Of(tarball);
  await keepFile(cacheDir, sha256, tarball);
  const host = hostPlatform();
  const pin = { name: 'tools', version: '1.0.0', sha256, archive: 'tools.tar.gz', folder };
  return npmTools({
    c: { kind: 'npm', packages: { [host]: pin }, cc: 'gcc', ar: 'ar' },
    ...{ host, dir, scratch, cacheDir, forbidden: new Set<string>(), environment: {}, offline: true, timeout: 60_000, log: () => {} },
  });
}

/** A folder of the host's that no package may reach. */
function hostFolder(root: string): string {
  const folder = join(root, 'host');
  mkdirSync(join(folder, 'bin'), { recursive: true });
  writeFileSync(join(folder, 'bin', 'node.key'), 'PRIVATE KEY');
  return folder;
}

test('tools are the files of the folder that the recipe names', async () => {
  const root = await temporaryFolder();
  const inner = [{ name: 'sdk/bin/gcc', content: 'a compiler' }];
  expect(await tools(root, { folder: 'sdk', inner })).toMatchObject({ kind: 'toolchain', files: [{ path: 'bin/gcc' }] });
});

test.each([
  ['is', 'sdk', (host: string): Member => ({ name: 'sdk', type: 'symlink', linkname: host })],
  ['lies behind', 'sdk/bin', (host: string): Member => ({ name: 'sdk', type: 'symlink', linkname: host })],
])('a folder of tools that %s a link to one of the host’s is refused, and that one stays where it is', async (_, folder, link) => {
  const root = await temporaryFolder();
  const host = hostFolder(root);
  const found = await tools(root, { folder, inner: [link(host)] });
  expect(found).toMatchObject({ kind: 'unavailable', reason: 'malformed-archive' });
  expect(existsSync(join(host, 'bin', 'node.key'))).toBe(true);
});

test('an archive of tools that is a link to one of the host’s is refused', async () => {
  const root = await temporaryFolder();
  const theirs = join(root, 'backup.tar.gz');
  await writeArchive(theirs, [{ name: 'sdk/secret', content: 'PRIVATE KEY' }]);
  const outer: Member = { name: 'package/tools.tar.gz', type: 'symlink', linkname: theirs };
  const found = await tools(root, { folder: 'sdk', inner: [], outer });
  expect(found).toMatchObject({ kind: 'unavailable', reason: 'malformed-archive' });
});
