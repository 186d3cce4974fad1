import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { removeTree } from '../remove-tree.ts';
import { DiskMeter, diskUsage } from './disk-usage.ts';

const MIB = 1024 ** 2;

test('files count what they take on disk, links and sparse files no more than that', async () => {
  const folder = await temporaryFolder();
  mkdirSync(join(folder, 'a'));
  writeFileSync(join(folder, 'a', 'file'), Buffer.alloc(MIB));
  writeFileSync(join(folder, 'sparse'), '');
  truncateSync(join(folder, 'sparse'), 1024 ** 4);
  symlinkSync('/', join(folder, 'link'));
  const used = diskUsage(folder);
  expect(used).toBeGreaterThanOrEqual(MIB);
  expect(used).toBeLessThan(MIB + 20_000);
});

test('a flood of empty files counts too', async () => {
  const folder = await temporaryFolder();
  for (let index = 0; index < 100; index++) writeFileSync(join(folder, String(index)), '');
  expect(diskUsage(folder)).toBeGreaterThanOrEqual(100 * 512);
});

test('counting stops where the limit is passed', async () => {
  const folder = await temporaryFolder();
  for (let index = 0; index < 10; index++) {
    mkdirSync(join(folder, String(index)));
    writeFileSync(join(folder, String(index), 'file'), Buffer.alloc(100_000));
  }
  expect(diskUsage(folder, 150_000)).toBeLessThan(400_000);
});

test('a folder nested too deep to walk is over any limit, and can still be removed', async () => {
  const folder = await temporaryFolder();
  const cwd = process.cwd();
  try {
    process.chdir(folder);
    for (let depth = 0; depth < 30; depth++) {
      mkdirSync('d'.repeat(200));
      process.chdir('d'.repeat(200));
    }
  } finally {
    process.chdir(cwd);
  }
  expect(diskUsage(folder)).toBe(Number.POSITIVE_INFINITY);
  await removeTree(folder);
  expect(diskUsage(folder)).toBe(0);
});

test('folders without rights can be removed by their owner', async () => {
  const folder = await temporaryFolder();
  mkdirSync(join(folder, 'x', 'y'), { recursive: true });
  chmodSync(join(folder, 'x', 'y'), 0);
  chmodSync(join(folder, 'x'), 0);
  await removeTree(folder);
  await removeTree(folder);
});

test('the meter sees growth at once', async () => {
  const folder = await temporaryFolder();
  const meter = new DiskMeter([folder], 4 * MIB);
  expect(meter.used(0)).toBe(0);
  writeFileSync(join(folder, 'file'), Buffer.alloc(4 * MIB));
  expect(meter.used(Number.POSITIVE_INFINITY)).toBeGreaterThanOrEqual(4 * MIB);
});
