/** Full tiles and bundles never change, so they may be kept. What comes out of a cache is verified like everything else. */
import { sha256, toHex, utf8Encode } from '@verbatim/tlog';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface TileCache {
  get(path: string): Promise<Uint8Array | null>;
  put(path: string, bytes: Uint8Array): Promise<void>;
  /** What was kept turned out to be wrong. */
  drop(path: string): Promise<void>;
}

/** Keeps nothing. */
export const noTileCache: TileCache = {
  get: async () => null,
  put: async () => {},
  drop: async () => {},
};

let counter = 0;

/**
 * Tiles of one log in a folder that may vanish at any moment, be read-only, or be shared by processes: files appear whole, by rename, and
 * every failure only means that a tile is fetched again.
 */
export function diskTileCache(folder: string, origin: string): TileCache {
  const base = join(folder, toHex(sha256(utf8Encode(origin))));
  const quietly = async <T>(work: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await work();
    } catch {
      return otherwise;
    }
  };
  return {
    get: (path) => quietly(async () => new Uint8Array(await readFile(join(base, path))), null),
    put: (path, bytes) =>
      quietly(async () => {
        const file = join(base, path);
        const temporary = `${file}.${process.pid}.${++counter}.tmp`;
        await mkdir(dirname(file), { recursive: true });
        try {
          await writeFile(temporary, bytes, { flag: 'wx' });
          await rename(temporary, file);
        } catch (error) {
          await rm(temporary, { force: true });
          throw error;
        }
      }, undefined),
    drop: (path) => quietly(() => rm(join(base, path), { force: true }), undefined),
  };
}
