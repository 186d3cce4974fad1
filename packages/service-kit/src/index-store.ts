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
  superseded: Buffer;
}

interface Kept {
  readonly state: IndexState;
  /** What the state before had and this one does without. */
  readonly superseded: readonly number[];
  readonly written: boolean;
}

/**
 * A write-back store: batches are kept in memory until `write`, and what is superseded and pruned before that is never written. What is lost with
 * the process follows from the log's entries.
 */
export class IndexStore implements SyncNodeReader {
  readonly #node: Database.Statement<[number], Buffer>;
  readonly #insertNode: Database.Statement<[number, Uint8Array]>;
  readonly #deleteNode: Database.Statement<[number]>;
  readonly #insertState: Database.Statement<[bigint, number | null, Uint8Array | null, number, number, Uint8Array]>;
  readonly #deleteStates: Database.Statement<[bigint]>;
  readonly #cache = new NodeCache(MAX_CACHED);
  /** Ascending. What the first one superseded is gone. */
  #states: Kept[];
  readonly #unwritten = new Map<number, MapNode>();
  /** Nodes in the database that no state needs any more. */
  #doomed: number[] = [];

  /** @param db migrated with INDEX_SCHEMA; of this object alone */
  constructor(db: Database.Database) {
    this.#node = db.prepare<[number], Buffer>('SELECT node FROM index_nodes WHERE id = ?').pluck();
    this.#insertNode = db.prepare('INSERT INTO index_nodes (id, node) VALUES (?, ?)');
    this.#deleteNode = db.prepare('DELETE FROM index_nodes WHERE id = ?');
    this.#insertState = db.prepare('INSERT INTO index_states (size, top, root, pairs, next_id, superseded) VALUES (?, ?, ?, ?, ?, ?)');
    this.#deleteStates = db.prepare('DELETE FROM index_states WHERE size < ?');
    this.#states = db.prepare<[], Row>('SELECT * FROM index_states ORDER BY size').all().map(fromRow);
  }

  /** The state that the next batch goes on from; EMPTY_INDEX before the first. */
  newest(): IndexState {
    return this.#states.at(-1)?.state ?? EMPTY_INDEX;
  }

  /** The state at exactly this size; null when there is none, or none any more. */
  at(size: bigint): IndexState | null {
    return this.#states.findLast(({ state }) => state.size === size)?.state ?? null;
  }

  /** Nodes that the next `write` will write. */
  get unwritten(): number {
    return this.#unwritten.size;
  }

  /** Throws IndexMapError `malformed-node` for a node that is missing or none. */
  readSync(ids: readonly number[]): MapNode[] {
    return ids.map((id) => this.#unwritten.get(id) ?? this.#read(id));
  }

  /** Keeps what a batch has made of the newest state, and the states before, until `prune`. In memory. */
  apply(size: bigint, { state: map, nodes, superseded }: MapChange): IndexState {
    for (const [id, node] of nodes) this.#unwritten.set(id, node);
    const state = { size, map };
    this.#states.push({ state, superseded, written: false });
    return state;
  }

  /** Forgets the states below `size`. Nothing happens unless there is a state of this size. In memory. */
  prune(size: bigint): void {
    const first = this.#states.findIndex(({ state }) => state.size === size);
    if (first <= 0) return;
    for (const { superseded } of this.#states.slice(1, first + 1)) for (const id of superseded) this.#forget(id);
    this.#states = this.#states.slice(first);
  }

  /** Brings the database up to date, in the caller's transaction; should that fail, this object must not be used any more. */
  write(): void {
    for (const [id, node] of this.#unwritten) {
      this.#insertNode.run(id, encodeMapNode(node));
      this.#cache.set(id, node);
    }
    for (const { state, superseded, written } of this.#states) if (!written) this.#writeState(state, superseded);
    for (const id of this.#doomed) this.#deleteNode.run(id);
    const [first] = this.#states;
    if (first !== undefined) this.#deleteStates.run(first.state.size);
    this.#states = this.#states.map((kept) => ({ ...kept, written: true }));
    this.#unwritten.clear();
    this.#doomed = [];
  }

  #writeState({ size, map: { top, size: pairs, nextId } }: IndexState, superseded: readonly number[]): void {
    this.#insertState.run(size, top?.id ?? null, top?.hash ?? null, pairs, nextId, encodeIds(superseded));
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

  #forget(id: number): void {
    if (this.#unwritten.delete(id)) return;
    this.#cache.delete(id);
    this.#doomed.push(id);
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

function fromRow({ size, top, root, pairs, next_id: nextId, superseded }: Row): Kept {
  const ref = top === null || root === null ? null : { id: top, hash: new Uint8Array(root) };
  return { state: { size: BigInt(size), map: { top: ref, size: pairs, nextId } }, superseded: decodeIds(superseded), written: true };
}

/** Eight bytes a number, so that no number is too large for the row. */
function encodeIds(ids: readonly number[]): Uint8Array {
  return new Uint8Array(Float64Array.from(ids).buffer);
}

function decodeIds(bytes: Buffer): number[] {
  return [...new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))];
}
