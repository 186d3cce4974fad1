import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { testFolder } from './_temporary.ts';
import { obstacle, prepareCache, wantedOwner } from './worker-user.ts';

const nobody = { uid: 65_532, gid: 65_532 };

describe('the worker’s user', () => {
  test('is one of its own when root may choose', () => {
    expect(wantedOwner('auto', 0)).toEqual(nobody);
    expect(wantedOwner(1234, 0)).toEqual({ uid: 1234, gid: 1234 });
  });

  test('is the node’s when it is told so, or when there is no choice', () => {
    expect(wantedOwner('same', 0)).toBeNull();
    expect(wantedOwner('auto', 1000)).toBeNull();
    expect(wantedOwner(1000, 1000)).toBeNull();
  });

  test('cannot be another one without root: that is an error, not a fallback', () => {
    expect(() => wantedOwner(1234, 1000)).toThrow('only root');
  });
});

test('the first folder that lets nobody through is the obstacle', async () => {
  const folder = testFolder();
  const inner = join(folder, 'closed', 'inner');
  mkdirSync(inner, { recursive: true });
  expect(await obstacle(inner, nobody)).toBeNull();
  chmodSync(join(folder, 'closed'), 0o700);
  expect(await obstacle(inner, nobody)).toBe(join(folder, 'closed'));
});

test('a new cache belongs to whoever builds', async () => {
  const cache = join(testFolder(), 'cache');
  await prepareCache(cache, null);
  expect(statSync(cache).uid).toBe(process.getuid!());
});

test('a cache that somebody else filled is refused', async () => {
  const cache = testFolder();
  writeFileSync(join(cache, 'toolchain'), 'x');
  await expect(prepareCache(cache, nobody)).rejects.toThrow('choose another cache_dir');
});
