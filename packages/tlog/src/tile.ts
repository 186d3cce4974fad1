/** Which tile holds a node, and how wide tiles are at a size: C2SP tlog-tiles, "Merkle tree tiles". */
import type { NodeId } from './nodes.ts';
import { TILE_WIDTH } from './tile-path.ts';

/** Levels of the tree within one tile. */
const TILE_HEIGHT = 8;

export interface TileCoordinates {
  /** Of the tile. */
  level: number;
  /** Of the tile. */
  index: bigint;
  /** Position of the first hash in the tile. */
  first: number;
  /** How many hashes of the tile the node is the root of: a power of two, 1…128. */
  count: number;
}

/** The tile of a node, and the hashes in it whose subtree root the node is. */
export function tileCoordinates({ level, index }: NodeId): TileCoordinates {
  const height = level % TILE_HEIGHT;
  const count = 1 << height;
  const first = index << BigInt(height);
  return {
    level: (level - height) / TILE_HEIGHT,
    index: first / BigInt(TILE_WIDTH),
    first: Number(first % BigInt(TILE_WIDTH)),
    count,
  };
}

/** Hashes in tile (level, index) of a tree of `size`: 0 when there is no such tile, 256 when full. */
export function tileWidth(level: number, index: bigint, size: bigint): number {
  const width = (size >> BigInt(TILE_HEIGHT * level)) - index * BigInt(TILE_WIDTH);
  if (width <= 0n) return 0;
  return width >= BigInt(TILE_WIDTH) ? TILE_WIDTH : Number(width);
}
