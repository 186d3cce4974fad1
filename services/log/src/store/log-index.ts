import { addPairsSync, lookupKey, mapKey, type Pair, type PrefixProof, provePrefixSync, rootOf } from '@verbatim/index-map';
import { type IndexState, IndexStore } from '@verbatim/service-kit';
import {
  decodeEntry,
  lookupsOf,
  makeControl,
  PREDICATE,
  type ReleaseStatement,
  signStatement,
  type Statement as EntryStatement,
} from '@verbatim/statements';
import { type Signer, toHex } from '@verbatim/tlog';
import type { Database, Statement } from 'better-sqlite3';

/** An entry with what the index has of it. */
export interface ReadEntry {
  readonly index: bigint;
  readonly leafHash: Uint8Array;
  readonly statement: EntryStatement;
}

/** Nodes that gather in memory before they are written. Most of them are superseded before that, and never written. */
const WRITTEN_AT = 8192;
/** Releases kept in memory, up to some 40 kB each: every observation names one, and what is rebuilt at a time is a few hundred. */
const MAX_RELEASES = 512;

/**
 * The log's verifiable index (docs/spec/index-map.md §6): kept by the transaction that sequences, read at the published size. The state of
 * size n covers the entries 0…n−1, the last of which is the index-root entry that states its root.
 */
export class LogIndex {
  readonly #store: IndexStore;
  readonly #origin: string;
  readonly #signerAt: (size: bigint) => Signer;
  readonly #entry: Statement<[number], Buffer>;
  readonly #write: () => void;
  /** How many are reading at a size. */
  readonly #readers = new Map<bigint, number>();
  readonly #releases = new Map<number, ReleaseStatement | null>();
  #state: IndexState;

  /** @param signerAt who signs the checkpoint of a size, and with it the index root that ends it */
  constructor(db: Database, origin: string, signerAt: (size: bigint) => Signer) {
    this.#store = new IndexStore(db);
    this.#origin = origin;
    this.#signerAt = signerAt;
    this.#entry = db.prepare<[number], Buffer>('SELECT entry FROM entries WHERE idx = ?').pluck();
    this.#write = db.transaction(() => this.#store.write());
    this.#state = this.#store.newest();
  }

  /** Size of the log at the newest state; 0 before the first. */
  get size(): bigint {
    return this.#state.size;
  }

  /** Root over the entries below the newest state's size. */
  get root(): Uint8Array {
    return rootOf(this.#state.map);
  }

  /**
   * Adds a batch's entries and ends it, as the state of size `index` + 1, and returns the index-root entry for `index`, which the caller writes in
   * the same transaction. Should that fail, this object must not be used any more.
   */
  close(entries: readonly ReadEntry[], index: bigint): Uint8Array {
    this.add(entries, index + 1n);
    const predicate = { action: 'index-root' as const, origin: this.#origin, size: Number(index), root: toHex(this.root) };
    return signStatement(makeControl(predicate), [this.#signerAt(index + 1n)]);
  }

  /** Adds entries in one step, as the state of `size`. In a transaction: now and then the nodes are written. */
  add(entries: readonly ReadEntry[], size: bigint): void {
    const pairs = entries.flatMap((entry) => this.#pairsOf(entry));
    this.#state = this.#store.apply(size, addPairsSync(this.#store, this.#state.map, pairs));
    if (this.#store.unwritten >= WRITTEN_AT) this.#store.write();
  }

  /** What stands under a lookup key at a size, with its prefix proof. Null when there is no state of this size. */
  prove(lookup: Uint8Array, size: bigint, limit: number): PrefixProof | null {
    const state = this.#store.at(size);
    return state === null ? null : provePrefixSync(this.#store, state.map, lookup, limit);
  }

  /** Writes what has gathered, in a transaction of its own: the next start has less to make again. */
  write(): void {
    this.#write();
  }

  /** Forgets the states below a published size, or below one that is still being read. */
  published(size: bigint): void {
    const oldest = [...this.#readers.keys()].reduce((a, b) => (b < a ? b : a), size);
    this.#store.prune(oldest);
  }

  /** Keeps the state of a size until `read` is done, whatever is published meanwhile. */
  async reading<T>(size: bigint, read: () => Promise<T>): Promise<T> {
    this.#readers.set(size, (this.#readers.get(size) ?? 0) + 1);
    try {
      return await read();
    } finally {
      const others = this.#readers.get(size)! - 1;
      if (others > 0) this.#readers.set(size, others);
      else this.#readers.delete(size);
    }
  }

  #pairsOf({ index, leafHash, statement }: ReadEntry): Pair[] {
    if (statement.predicateType === PREDICATE.release) this.#remember(Number(index), statement);
    const lookups = lookupsOf(statement, { origin: this.#origin, releaseAt: (at) => this.#releaseAt(at, index) });
    return lookups.map(({ type, value }) => ({ key: mapKey(lookupKey(type, value), index), value: leafHash }));
  }

  #releaseAt(index: number, before: bigint): ReleaseStatement | null {
    if (index >= before) return null;
    const known = this.#releases.get(index);
    if (known !== undefined) return known;
    const bytes = this.#entry.get(index);
    if (bytes === undefined) throw new Error(`expected entry ${index} in the database; it is missing`);
    const { statement } = decodeEntry(bytes);
    return this.#remember(index, statement.predicateType === PREDICATE.release ? statement : null);
  }

  #remember(index: number, release: ReleaseStatement | null): ReleaseStatement | null {
    this.#releases.set(index, release);
    if (this.#releases.size > MAX_RELEASES) this.#releases.delete(this.#releases.keys().next().value!);
    return release;
  }
}
