import { entriesPath, tilePath, tileWidth, TILE_WIDTH } from '@verbatim/tlog';

/** One file of the tile folder that must exist at a size. `level` is null for an entry bundle. */
export interface TileFile {
  readonly level: number | null;
  readonly index: bigint;
  readonly width: number;
  /** Relative to the public folder, `tile/0/x001/067` or `tile/entries/000.p/7`. */
  readonly path: string;
}

/**
 * Files that a tree of `newSize` needs and a tree of `oldSize` did not have (C2SP tlog-tiles): tiles that became full, and the partial tile
 * at the right edge of every level that grew. Bundles come first: a reader that sees a tile can read its entries.
 */
export function filesOfGrowth(oldSize: bigint, newSize: bigint): TileFile[] {
  const files: TileFile[] = [];
  for (const index of grownTiles(0, oldSize, newSize)) files.push(tileFile(null, index, tileWidth(0, index, newSize)));
  for (let level = 0; newSize >> BigInt(8 * level) > oldSize >> BigInt(8 * level); level++) {
    for (const index of grownTiles(level, oldSize, newSize)) files.push(tileFile(level, index, tileWidth(level, index, newSize)));
  }
  return files;
}

/** The files at the right edge of a tree of `size`: the last tile of every level, full or partial. */
export function edgeFiles(size: bigint): TileFile[] {
  const files: TileFile[] = [];
  for (let level = 0; size >> BigInt(8 * level) > 0n; level++) {
    const last = ((size >> BigInt(8 * level)) - 1n) / BigInt(TILE_WIDTH);
    const width = tileWidth(level, last, size);
    if (level === 0) files.push(tileFile(null, last, width));
    files.push(tileFile(level, last, width));
  }
  return files;
}

function grownTiles(level: number, oldSize: bigint, newSize: bigint): bigint[] {
  const oldHashes = oldSize >> BigInt(8 * level);
  const newHashes = newSize >> BigInt(8 * level);
  const tiles: bigint[] = [];
  if (newHashes === oldHashes) return tiles;
  for (let index = oldHashes / BigInt(TILE_WIDTH); index * BigInt(TILE_WIDTH) < newHashes; index++) tiles.push(index);
  return tiles;
}

function tileFile(level: number | null, index: bigint, width: number): TileFile {
  const partial = width === TILE_WIDTH ? undefined : width;
  return { level, index, width, path: level === null ? entriesPath(index, partial) : tilePath(level, index, partial) };
}
