import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { testFolder } from './_temporary.ts';
import { freeBytes, readLog, WorkFolders } from './work-folders.ts';

test('what an earlier process left is gone at the start, read-only folders too', async () => {
  const root = join(testFolder(), 'work');
  mkdirSync(join(root, '1-1', 'module'), { recursive: true });
  writeFileSync(join(root, '1-1', 'module', 'file'), 'x');
  chmodSync(join(root, '1-1', 'module'), 0o555);
  await new WorkFolders(root, null).prepare();
  expect(readdirSync(root)).toEqual([]);
});

test('what a hostile build left when its worker was killed does not keep a node from starting', async () => {
  const root = join(testFolder(), 'work');
  mkdirSync(join(root, '1-1'), { recursive: true });
  const script = 'for (let depth = 0; depth < 40; depth++) { const name = "d".repeat(200); fs.mkdirSync(name); process.chdir(name); }';
  execFileSync(process.execPath, ['--eval', script], { cwd: join(root, '1-1') });
  await new WorkFolders(root, null).prepare();
  expect(readdirSync(root)).toEqual([]);
});

test('a job has a folder of its own that others cannot enter', async () => {
  const folders = new WorkFolders(join(testFolder(), 'work'), null);
  await folders.prepare();
  const path = await folders.create('1-1');
  expect(statSync(path).mode & 0o777).toBe(0o700);
  await expect(folders.create('1-1')).rejects.toThrow('EEXIST');
  await folders.remove(path);
  expect(existsSync(path)).toBe(false);
});

test('a log is kept whole up to its limit; of a longer one the head and the tail', async () => {
  const file = join(testFolder(), 'log');
  writeFileSync(file, `start ${'x'.repeat(10_000)} end`);
  expect((await readLog(file, 20_000)).length).toBe(10_010);
  const cut = await readLog(file, 1000);
  expect(cut.length).toBe(1000);
  expect(Buffer.from(cut).toString()).toMatch(/^start x+\n\[… cut here.*\]\nx+ end$/);
});

test('a log that is a link or a folder is refused', async () => {
  const folder = testFolder();
  writeFileSync(join(folder, 'secret'), 'secret');
  symlinkSync(join(folder, 'secret'), join(folder, 'log'));
  await expect(readLog(join(folder, 'log'), 100)).rejects.toThrow('ELOOP');
  await expect(readLog(folder, 100)).rejects.toThrow('regular file');
});

test('free space is that of the fullest folder', async () => {
  const folder = testFolder();
  expect(await freeBytes([folder])).toBeGreaterThan(0);
  // A file system without any.
  expect(await freeBytes([folder, '/proc'])).toBe(0);
});
