import { type PublicFolder, TileNodes } from '@verbatim/service-kit/tree';
import { TILE_WIDTH, tilePath } from '@verbatim/tlog';
import type { EntryStore } from '../store/entries.ts';

interface Source {
  readonly entries: EntryStore;
  readonly folder: PublicFolder;
}

/**
 * The first `width` hashes of a tile: at level 0 from the database, above it the roots of the full tiles below, read from their files and put
 * back from the database when one is missing. The caller checks the result against a signed root.
 */
export async function readOrRebuildTile(source: Source, level: number, index: bigint, width: number): Promise<Uint8Array> {
  const start = index * BigInt(TILE_WIDTH);
  if (level === 0) return source.entries.leafHashes(start, start + BigInt(width));
  const hashes = new Uint8Array(width * 32);
  for (let i = 0; i < width; i++) {
    const below = await fullTile(source, level - 1, start + BigInt(i));
    hashes.set(TileNodes.fromHashes(below).root(), i * 32);
  }
  return hashes;
}

async function fullTile(source: Source, level: number, index: bigint): Promise<Uint8Array> {
  const path = tilePath(level, index);
  const found = await source.folder.read(path);
  if (found?.length === TILE_WIDTH * 32) return found;
  const content = await readOrRebuildTile(source, level, index, TILE_WIDTH);
  await source.folder.writeTiles([{ file: { level, index, width: TILE_WIDTH, path }, content }]);
  return content;
}
