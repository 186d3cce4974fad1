import { hashNode, type Hash, TILE_WIDTH } from '@verbatim/tlog';

const HASH = 32;
/** Heights 0…7 within a tile; the node above them is a hash of the next level's tile. */
const HEIGHTS = 8;
/** First slot of each height: 256 leaves, then 128 nodes above them, … */
const BASE = Array.from({ length: HEIGHTS }, (_, height) => 2 * TILE_WIDTH - ((2 * TILE_WIDTH) >> height));
const SLOTS = BASE[HEIGHTS - 1]! + (TILE_WIDTH >> (HEIGHTS - 1));

/**
 * One tile with the nodes between its hashes and its root, so that a proof reads hashes instead of computing up to 255 of them.
 * 16 KiB each.
 */
export class TileNodes {
  readonly #bytes = new Uint8Array(SLOTS * HASH);
  #width = 0;

  /** Hashes at height 0 so far. */
  get width(): number {
    return this.#width;
  }

  /** A tile read from its file: `hashes` is width × 32 bytes. Computes every complete node above them. */
  static fromHashes(hashes: Uint8Array): TileNodes {
    const width = hashes.length / HASH;
    if (!Number.isInteger(width) || width > TILE_WIDTH)
      throw new RangeError(`expected at most ${TILE_WIDTH} hashes of ${HASH} bytes, found ${hashes.length} bytes`);
    const nodes = new TileNodes();
    nodes.#bytes.set(hashes);
    nodes.#width = width;
    for (let height = 1; height < HEIGHTS; height++) {
      for (let position = 0; position < width >> height; position++) {
        nodes.set(height, position, hashNode(nodes.get(height - 1, 2 * position), nodes.get(height - 1, 2 * position + 1)));
      }
    }
    return nodes;
  }

  /** A view; do not modify. */
  get(height: number, position: number): Hash {
    const offset = (BASE[height]! + position) * HASH;
    return this.#bytes.subarray(offset, offset + HASH);
  }

  set(height: number, position: number, hash: Hash): void {
    this.#bytes.set(hash, (BASE[height]! + position) * HASH);
    if (height === 0 && position >= this.#width) this.#width = position + 1;
  }

  /** The tile's file content at a width: a copy of the first `width` hashes. */
  content(width: number): Uint8Array {
    if (width > this.#width) throw new RangeError(`expected a width of at most ${this.#width}, found ${width}`);
    return this.#bytes.slice(0, width * HASH);
  }

  /** Root of a full tile, which is a hash of the tile above. */
  root(): Hash {
    if (this.#width !== TILE_WIDTH) throw new RangeError(`expected a full tile, found ${this.#width} hashes`);
    return hashNode(this.get(HEIGHTS - 1, 0), this.get(HEIGHTS - 1, 1));
  }
}

/** Where a node is stored: its tile, and height and position in it. Tile heights are 8 (C2SP tlog-tiles). */
export function locate(level: number, index: bigint): { level: number; tile: bigint; height: number; position: number } {
  const height = level % HEIGHTS;
  const shift = BigInt(HEIGHTS - height);
  return {
    level: (level - height) / HEIGHTS,
    tile: index >> shift,
    height,
    position: Number(index & ((1n << shift) - 1n)),
  };
}
