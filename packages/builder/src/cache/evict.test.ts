import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { evict } from './evict.ts';
import { storedPath } from './files.ts';
import { waitForLock } from './lock.ts';
import { leaseFile } from './entry.ts';

const KIB = 1024;

/** A cache with three toolchains of 100 KiB and two modules, used in this order, a minute apart. */
async function cache() {
  const dir = await temporaryFolder();
  const used = (file: string, minutes: number) => utimesSync(file, new Date(minutes * 60_000), new Date(minutes * 60_000));
  for (const [index, key] of ['go1.1', 'go1.2', 'go1.3'].entries()) {
    mkdirSync(join(dir, 'toolchains', key, 'bin'), { recursive: true });
    writeFileSync(join(dir, 'toolchains', key, 'bin', 'go'), Buffer.alloc(100 * KIB));
    mkdirSync(join(dir, 'locks'), { recursive: true });
    writeFileSync(leaseFile(dir, key), '');
    used(leaseFile(dir, key), index * 2);
  }
  for (const [index, name] of ['a.zip', 'b.zip'].entries()) {
    mkdirSync(join(dir, 'modules', 'm', '@v'), { recursive: true });
    writeFileSync(join(dir, 'modules', 'm', '@v', name), Buffer.alloc(40 * KIB));
    writeFileSync(join(dir, 'modules', 'm', '@v', `${name}.mod`), 'module m\n');
    used(join(dir, 'modules', 'm', '@v', name), index * 2 + 1);
  }
  const left = () => [
    ...['go1.1', 'go1.2', 'go1.3'].filter((key) => existsSync(join(dir, 'toolchains', key))),
    ...['a.zip', 'b.zip'].filter((name) => existsSync(join(dir, 'modules', 'm', '@v', name))),
  ];
  return { dir, left };
}

test('what was not used for the longest time goes first, until the rest fits', async () => {
  const { dir, left } = await cache();
  expect(await evict(dir, 300 * KIB)).toBeLessThanOrEqual(300 * KIB);
  expect(left()).toEqual(['go1.2', 'go1.3', 'a.zip', 'b.zip']);
  await evict(dir, 180 * KIB);
  expect(left()).toEqual(['go1.3', 'b.zip']);
});

test('a cache that fits stays as it is', async () => {
  const { dir, left } = await cache();
  await evict(dir, 500 * KIB);
  expect(left()).toHaveLength(5);
});

test('a toolchain in use never goes, nor the one that is wanted', async () => {
  const { dir, left } = await cache();
  await using _lease = await waitForLock(leaseFile(dir, 'go1.1'), { mode: 'shared' });
  expect(await evict(dir, 1, 'go1.2')).toBeGreaterThan(1);
  expect(left()).toEqual(['go1.1', 'go1.2']);
});

test('an empty cache is fine', async () => {
  expect(await evict(join(await temporaryFolder(), 'none'), 1)).toBe(0);
});

test('kept files and commits go by their age too', async () => {
  const dir = await temporaryFolder();
  const used = (path: string, minutes: number) => utimesSync(path, new Date(minutes * 60_000), new Date(minutes * 60_000));
  const file = join(dir, storedPath('a'.repeat(64)));
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, Buffer.alloc(40 * KIB));
  used(file, 1);
  for (const [index, name] of ['b.git', 'c.git'].entries()) {
    mkdirSync(join(dir, 'commits', name), { recursive: true });
    writeFileSync(join(dir, 'commits', name, 'pack'), Buffer.alloc(40 * KIB));
    used(join(dir, 'commits', name), index * 2);
  }
  const left = () => [file, join(dir, 'commits', 'b.git'), join(dir, 'commits', 'c.git')].map((path) => existsSync(path));
  await evict(dir, 100 * KIB);
  expect(left()).toEqual([true, false, true]);
  await evict(dir, 60 * KIB);
  expect(left()).toEqual([false, false, true]);
});
