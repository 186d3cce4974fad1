import { CompactRange, type Hash, TILE_WIDTH } from '@verbatim/tlog';
import { filesOfGrowth, type TileFile } from './growth.ts';
import type { NodeCache } from './node-cache.ts';
import { OpenBundle } from './open-bundle.ts';

/** An entry with its leaf hash, in log order. */
export interface Leaf {
  readonly entry: Uint8Array;
  readonly leafHash: Hash;
}

/**
 * The growing right edge of the log in memory: the compact range, the nodes of the edge tiles and the last bundle. It holds what the database
 * holds and is rebuilt from there on start; it does no I/O itself.
 */
export class Tree {
  readonly #range: CompactRange;
  readonly nodes: NodeCache;
  #bundle = new OpenBundle();

  /** @param tail the entries of the last, partial bundle at `range.size` */
  constructor(range: CompactRange, nodes: NodeCache, tail: readonly Uint8Array[]) {
    this.#range = range;
    this.nodes = nodes;
    const expected = range.size - bundleStart(range.size);
    if (BigInt(tail.length) !== expected) throw new RangeError(`expected ${expected} entries in the last bundle, found ${tail.length}`);
    for (const entry of tail) this.#bundle.add(entry);
  }

  get size(): bigint {
    return this.#range.size;
  }

  root(): Hash {
    return this.#range.root();
  }

  /** The compact range's hashes one after another, for the database. */
  compactRange(): Uint8Array {
    const hashes = this.#range.hashes;
    const bytes = new Uint8Array(hashes.length * 32);
    hashes.forEach((hash, i) => bytes.set(hash, i * 32));
    return bytes;
  }

  /** Appends leaves and returns the files that the new size needs, with their content, in writing order. */
  append(leaves: readonly Leaf[]): { readonly file: TileFile; readonly content: Uint8Array }[] {
    const oldSize = this.#range.size;
    const bundles = new Map<bigint, Uint8Array>();
    for (const leaf of leaves) {
      this.#range.append(leaf.leafHash, (id, hash) => this.nodes.add(id, hash));
      this.#bundle.add(leaf.entry);
      if (this.#bundle.width === TILE_WIDTH) {
        bundles.set(this.#range.size / BigInt(TILE_WIDTH) - 1n, this.#bundle.content());
        this.#bundle = new OpenBundle();
      }
    }
    if (this.#bundle.width > 0) bundles.set(this.#range.size / BigInt(TILE_WIDTH), this.#bundle.content());
    return filesOfGrowth(oldSize, this.#range.size).map((file) => ({
      file,
      content: file.level === null ? bundles.get(file.index)! : this.nodes.tile(file.level, file.index).content(file.width),
    }));
  }
}

/** Index of the first entry of the bundle that entry `size` goes into. */
export function bundleStart(size: bigint): bigint {
  return size - (size % BigInt(TILE_WIDTH));
}

/** The hashes of a compact range as stored by `Tree.compactRange`. */
export function splitHashes(bytes: Uint8Array): Hash[] {
  const hashes: Hash[] = [];
  for (let offset = 0; offset < bytes.length; offset += 32) hashes.push(bytes.subarray(offset, offset + 32));
  return hashes;
}
