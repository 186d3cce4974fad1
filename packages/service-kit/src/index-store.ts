/** The verifiable index in SQLite: nodes of the map, and its states at the sizes that may still be asked for. docs/adr/0005. */
import {
  EMPTY_MAP,
  IndexMapError,
  decodeMapNode,
  encodeMapNode,
  type MapChange,
  type MapNode,
  type MapState,
  type SyncNodeReader,
} from '@verbatim/index-map';
import type Database from 'better-sqlite3';

/**
 * A migration for `openDatabase`. `size` is that of the log whose entries 0…size−1 the state covers; `superseded` are the nodes that the
 * state before had and this one does without.
 */
export const INDEX_SCHEMA = `
  CREATE TABLE index_nodes (
    id INTEGER PRIMARY KEY,
    node BLOB NOT NULL
  ) STRICT;

  CREATE TABLE index_states (
    size INTEGER PRIMARY KEY,
    top INTEGER,
    root BLOB,
    pairs INTEGER NOT NULL,
    next_id INTEGER NOT NULL,
    superseded BLOB NOT NULL
  ) STRICT;
`;

/** The index over the entries 0…size−1 of a log. */
export interface IndexState {
  readonly size: bigint;
  readonly map: MapState;
}

/** Before any entry. */
export const EMPTY_INDEX: IndexState = { size: 0n, map: EMPTY_MAP };

/** Nodes kept decoded and checked, some 500 bytes each: those that updates and answers went through lately, and so the upper levels. */
const MAX_CACHED = 65_536;

interface Row {
  size: number;
  top: number | null;
  root: Buffer | null;
  pairs: number;
  next_id: number;
}

export class IndexStore implements SyncNodeReader {
  readonly #node: Database.Statement<[number], Buffer>;
  readonly #insertNode: Database.Statement<[number, Uint8Array]>;
  readonly #deleteNode: Database.Statement<[number]>;
  readonly #newest: Database.Statement<[], Row>;
  readonly #at: Database.Statement<[bigint], Row>;
  readonly #insertState: Database.Statement<[bigint, number | null, Uint8Array | null, number, number, Uint8Array]>;
  readonly #prune: (size: bigint) => void;
  readonly #cache = new NodeCache(MAX_CACHED);
  #pruned: bigint | null = null;

  /** @param db migrated with INDEX_SCHEMA */
  constructor(db: Database.Database) {
    this.#node = db.prepare<[number], Buffer>('SELECT node FROM index_nodes WHERE id = ?').pluck();
    this.#insertNode = db.prepare('INSERT INTO index_nodes (id, node) VALUES (?, ?)');
    this.#deleteNode = db.prepare('DELETE FROM index_nodes WHERE id = ?');
    this.#newest = db.prepare('SELECT * FROM index_states ORDER BY size DESC LIMIT 1');
    this.#at = db.prepare('SELECT * FROM index_states WHERE size = ?');
    this.#insertState = db.prepare('INSERT INTO index_states (size, top, root, pairs, next_id, superseded) VALUES (?, ?, ?, ?, ?, ?)');
    const superseded = db
      .prepare<[bigint], Buffer>("SELECT superseded FROM index_states WHERE size <= ? AND superseded <> x'' ORDER BY size")
      .pluck();
    const settle = db.prepare<[bigint]>("UPDATE index_states SET superseded = x'' WHERE size = ?");
    const forget = db.prepare<[bigint]>('DELETE FROM index_states WHERE size < ?');
    this.#prune = db.transaction((size: bigint) => {
      for (const ids of superseded.all(size)) for (const id of decodeIds(ids)) this.#delete(id);
      settle.run(size);
      forget.run(size);
    });
  }

  /** The state that the next batch goes on from; EMPTY_INDEX before the first. */
  newest(): IndexState {
    return fromRow(this.#newest.get()) ?? EMPTY_INDEX;
  }

  /** The state at exactly this size; null when there is none, or none any more. */
  at(size: bigint): IndexState | null {
    return fromRow(this.#at.get(size));
  }

  /** Throws IndexMapError `malformed-node` for a node that is missing or none. */
  readSync(ids: readonly number[]): MapNode[] {
    return ids.map((id) => this.#read(id));
  }

  /**
   * Keeps what a batch has made of the newest state, and the states before, until `prune`. The caller's transaction makes it whole; should that
   * fail, this object must not be used any more.
   */
  apply(size: bigint, { state, nodes, superseded }: MapChange): IndexState {
    for (const [id, node] of nodes) {
      this.#insertNode.run(id, encodeMapNode(node));
      this.#cache.set(id, node);
    }
    this.#insertState.run(size, state.top?.id ?? null, state.top?.hash ?? null, state.size, state.nextId, encodeIds(superseded));
    return { size, map: state };
  }

  /** Forgets the states below `size`, in a transaction of its own. Nothing happens unless there is a state of this size. */
  prune(size: bigint): void {
    if (size === this.#pruned || this.at(size) === null) return;
    this.#prune(size);
    this.#pruned = size;
  }

  #read(id: number): MapNode {
    const known = this.#cache.get(id);
    if (known !== undefined) return known;
    const bytes = this.#node.get(id);
    if (bytes === undefined) throw new IndexMapError('malformed-node', `expected node ${id} of the index, found none`);
    // Not as a Buffer, whose slices share its memory.
    const node = decodeMapNode(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
    this.#cache.set(id, node);
    return node;
  }

  #delete(id: number): void {
    this.#deleteNode.run(id);
    this.#cache.delete(id);
  }
}

/** What was used lately, in two generations: when the young one is half of `max`, the old one is forgotten. */
class NodeCache {
  readonly #half: number;
  #young = new Map<number, MapNode>();
  #old = new Map<number, MapNode>();

  constructor(max: number) {
    this.#half = max / 2;
  }

  get(id: number): MapNode | undefined {
    const young = this.#young.get(id);
    if (young !== undefined) return young;
    const old = this.#old.get(id);
    if (old !== undefined) this.set(id, old);
    return old;
  }

  set(id: number, node: MapNode): void {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(id, node);
  }

  delete(id: number): void {
    this.#young.delete(id);
    this.#old.delete(id);
  }
}

function fromRow(row: Row | undefined): IndexState | null {
  if (row === undefined) return null;
  const top = row.top === null || row.root === null ? null : { id: row.top, hash: new Uint8Array(row.root) };
  return { size: BigInt(row.size), map: { top, size: row.pairs, nextId: row.next_id } };
}

/** Eight bytes a number, so that no number is too large for the row. */
function encodeIds(ids: readonly number[]): Uint8Array {
  return new Uint8Array(Float64Array.from(ids).buffer);
}

function decodeIds(bytes: Buffer): Float64Array {
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}
