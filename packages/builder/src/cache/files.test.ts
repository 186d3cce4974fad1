import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { keepFile, storedPath, takeFile } from './files.ts';

const DIGEST = createHash('sha256').update('content').digest('hex');

async function kept() {
  const folder = await temporaryFolder();
  const [cacheDir, from] = [join(folder, 'cache'), join(folder, 'a.crate')];
  await writeFile(from, 'content');
  expect(await keepFile(cacheDir, DIGEST, from)).toBe(true);
  expect(await keepFile(cacheDir, DIGEST, from)).toBe(false);
  return { cacheDir, to: join(folder, 'out') };
}

test('a file is found by its digest', async () => {
  const { cacheDir, to } = await kept();
  expect(await takeFile(cacheDir, DIGEST, to)).toBe(true);
  expect(await readFile(to, 'utf8')).toBe('content');
});

test('one that is not there is not found', async () => {
  const { cacheDir, to } = await kept();
  expect(await takeFile(cacheDir, 'f'.repeat(64), to)).toBe(false);
});

test('one that has become another is forgotten, and not given out', async () => {
  const { cacheDir, to } = await kept();
  await writeFile(join(cacheDir, storedPath(DIGEST)), 'poisoned');
  expect(await takeFile(cacheDir, DIGEST, to)).toBe(false);
  expect([existsSync(to), existsSync(join(cacheDir, storedPath(DIGEST)))]).toEqual([false, false]);
});
