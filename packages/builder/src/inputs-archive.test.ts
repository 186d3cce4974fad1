import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { aCargoRecipe } from '@verbatim/testkit';
import { decodeRecipe } from '@verbatim/statements';
import { expect, test } from 'vitest';
import { temporaryFolder } from './_temporary.ts';
import { exportInputs, importInputs } from './inputs-archive.ts';

const recipe = aCargoRecipe();
const FILES = {
  'files/aa/aaaa': 'crate',
  'toolchains/rust-1/bin/rustc': 'program',
  'toolchains/rust-1/lib/std': 'library',
  'files/bb/other': 'no',
};
const kept = ['files/aa/aaaa', 'toolchains/rust-1', 'sumdb'];

async function exported() {
  const folder = await temporaryFolder();
  const cacheDir = join(folder, 'cache');
  for (const [path, content] of Object.entries(FILES)) {
    await mkdir(dirname(join(cacheDir, path)), { recursive: true });
    await writeFile(join(cacheDir, path), content);
  }
  await chmod(join(cacheDir, 'toolchains/rust-1/bin/rustc'), 0o555);
  const to = join(folder, 'medium');
  const count = await exportInputs({ recipe, fetched: { kept }, cacheDir, to });
  return { from: to, count, other: join(folder, 'other') };
}

test('what a recipe needs, and nothing else, is carried from one cache to another', async () => {
  const { from, count, other } = await exported();
  expect(count).toBe(3);
  expect(decodeRecipe(await readFile(join(from, 'recipe.json')))).toEqual(recipe);
  expect(await importInputs({ from, cacheDir: other })).toBe(3);
  expect(await readFile(join(other, 'toolchains/rust-1/lib/std'), 'utf8')).toBe('library');
  expect((await stat(join(other, 'toolchains/rust-1/bin/rustc'))).mode & 0o111).not.toBe(0);
  await expect(stat(join(other, 'files/bb'))).rejects.toThrow('ENOENT');
  expect(await importInputs({ from, cacheDir: other })).toBe(0);
});

test('what a cache has already stays', async () => {
  const { from, other } = await exported();
  await mkdir(join(other, 'toolchains/rust-1'), { recursive: true });
  await writeFile(join(other, 'toolchains/rust-1/own'), 'own');
  expect(await importInputs({ from, cacheDir: other })).toBe(1);
  expect(await readFile(join(other, 'toolchains/rust-1/own'), 'utf8')).toBe('own');
});

test.each<[string, (from: string) => Promise<void>, RegExp]>([
  ['a changed file', (from) => writeFile(join(from, 'files/aa/aaaa'), 'poisoned'), /files\/aa\/aaaa with SHA-256/],
  ['a missing file', (from) => rm(join(from, 'files/aa/aaaa')), /the file files\/aa\/aaaa/],
  ['no manifest', (from) => rm(join(from, 'inputs.json')), /exported inputs with inputs\.json/],
  ['no JSON', (from) => writeFile(join(from, 'inputs.json'), '{'), /expected JSON/],
  ['another version', (from) => writeFile(join(from, 'inputs.json'), '{"files":[],"version":2}'), /version 1, found 2/],
  ['no list', (from) => writeFile(join(from, 'inputs.json'), '{"version":1}'), /list of at most/],
  ...['../evil', '/etc/passwd', 'files/../../evil', 'locks/a.use', 'tmp/x', 'files'].map(
    (path) =>
      [
        `the path ${path}`,
        (from: string) =>
          writeFile(
            join(from, 'inputs.json'),
            JSON.stringify({ version: 1, files: [{ path, sha256: 'a'.repeat(64), executable: false }] }),
          ),
        /each file once/,
      ] as [string, (from: string) => Promise<void>, RegExp],
  ),
])('%s is refused, and the cache stays as it was', async (_, change, message) => {
  const { from, other } = await exported();
  await change(from);
  await expect(importInputs({ from, cacheDir: other })).rejects.toThrow(message);
  await expect(stat(join(other, 'files'))).rejects.toThrow('ENOENT');
});

test('a folder that exists is not written to, and a kind whose inputs nobody lists is refused', async () => {
  const { from, other } = await exported();
  await expect(exportInputs({ recipe, fetched: { kept }, cacheDir: other, to: from })).rejects.toMatchObject({ code: 'bad-option' });
  await expect(exportInputs({ recipe, fetched: {}, cacheDir: other, to: other })).rejects.toMatchObject({ code: 'unsupported-recipe' });
});
