import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from './_support.ts';
import { diskTileCache } from './tile-cache.ts';

const bytes = new Uint8Array([1, 2, 3]);

describe('a tile cache on disk', () => {
  it('keeps tiles of each log apart, whole, with nothing beside them', async () => {
    const folder = await temporaryFolder();
    const [a, b] = [diskTileCache(folder, 'log.a'), diskTileCache(folder, '../log.b')];
    await Promise.all(Array.from({ length: 8 }, () => a.put('tile/0/x001/234', bytes)));
    expect(await a.get('tile/0/x001/234')).toEqual(bytes);
    expect(await b.get('tile/0/x001/234')).toBeNull();
    const logs = await readdir(folder);
    expect(logs).toHaveLength(1);
    expect(await readdir(join(folder, logs[0]!, 'tile/0/x001'))).toEqual(['234']);
    await a.drop('tile/0/x001/234');
    expect(await a.get('tile/0/x001/234')).toBeNull();
  });

  it('never fails, whatever happens to the folder', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'file');
    await writeFile(file, 'in the way');
    const cache = diskTileCache(file, 'log.a');
    await cache.put('tile/0/000', bytes);
    expect(await cache.get('tile/0/000')).toBeNull();
    await cache.drop('tile/0/000');
    expect(await readFile(file, 'utf8')).toBe('in the way');
  });
});
