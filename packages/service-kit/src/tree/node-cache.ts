import type { Hash, NodeId } from '@verbatim/tlog';
import { locate, TileNodes } from './tile-nodes.ts';

/** Reads the hashes of a full tile (8,192 bytes) that is not in memory. Throws when the file is missing or has another length. */
export type ReadFullTile = (level: number, index: bigint) => Uint8Array;

/** Full tiles kept in memory, 16 KiB each: enough for the proofs of everything recent, whatever the log's size. */
const MAX_FULL_TILES = 512;

/**
 * Nodes of the tree for proofs. Tiles at the right edge are always in memory, because appending fills them; full tiles are read again from
 * their files when a proof needs them.
 */
export class NodeCache {
  readonly #edge = new Map<number, { tile: bigint; nodes: TileNodes }>();
  /** Insertion order is age: a Map is a small LRU. */
  readonly #full = new Map<string, TileNodes>();
  readonly #read: ReadFullTile;

  constructor(read: ReadFullTile) {
    this.#read = read;
  }

  /** Puts the tile at the right edge of a level in place, when the log is loaded. */
  setEdge(level: number, tile: bigint, nodes: TileNodes): void {
    this.#edge.set(level, { tile, nodes });
  }

  /** Takes a node that appending completed, leaves included (`CompactRange.append`). */
  add({ level, index }: NodeId, hash: Hash): void {
    const at = locate(level, index);
    let edge = this.#edge.get(at.level);
    if (edge === undefined || edge.tile !== at.tile) {
      if (edge !== undefined) this.#keep(key(at.level, edge.tile), edge.nodes);
      edge = { tile: at.tile, nodes: new TileNodes() };
      this.#edge.set(at.level, edge);
    }
    edge.nodes.set(at.height, at.position, hash);
  }

  get({ level, index }: NodeId): Hash {
    const at = locate(level, index);
    return this.tile(at.level, at.tile).get(at.height, at.position);
  }

  tile(level: number, index: bigint): TileNodes {
    const edge = this.#edge.get(level);
    if (edge !== undefined && edge.tile === index) return edge.nodes;
    const name = key(level, index);
    let nodes = this.#full.get(name);
    if (nodes === undefined) nodes = TileNodes.fromHashes(this.#read(level, index));
    else this.#full.delete(name);
    this.#keep(name, nodes);
    return nodes;
  }

  #keep(name: string, nodes: TileNodes): void {
    this.#full.set(name, nodes);
    if (this.#full.size > MAX_FULL_TILES) this.#full.delete(this.#full.keys().next().value!);
  }
}

function key(level: number, index: bigint): string {
  return `${level}/${index}`;
}
