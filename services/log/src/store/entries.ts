import { CompactRange, type Hash, HASH_BYTES } from '@verbatim/tlog';
import type { Database, Statement } from 'better-sqlite3';

export interface StoredEntry {
  readonly index: bigint;
  readonly leafHash: Uint8Array;
  /** POSIX seconds, by this log's own clock: for people, proven by nothing. */
  readonly loggedAt: number;
  readonly entry: Uint8Array;
}

interface Row {
  idx: number;
  leaf_hash: Buffer;
  logged_at: number;
  entry: Buffer;
}

/** Leaf hashes read in one step. */
const CHUNK = 65_536n;

/** The entries in the trusted store. Readers bound the range by the published size. */
export class EntryStore {
  readonly #append: Statement<[bigint, Uint8Array, number, Uint8Array]>;
  readonly #one: Statement<[bigint], Row>;
  readonly #range: Statement<[bigint, bigint], Row>;
  readonly #hashes: Statement<[bigint, bigint], { idx: number; leaf_hash: Buffer }>;
  readonly #count: Statement<[], number>;

  constructor(db: Database) {
    this.#append = db.prepare('INSERT INTO entries (idx, leaf_hash, logged_at, entry) VALUES (?, ?, ?, ?)');
    this.#one = db.prepare('SELECT * FROM entries WHERE idx = ?');
    this.#range = db.prepare('SELECT * FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx');
    this.#hashes = db.prepare('SELECT idx, leaf_hash FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx');
    this.#count = db.prepare<[], number>('SELECT coalesce(max(idx) + 1, 0) FROM entries').pluck();
  }

  /** Entries that are there, signed or not. */
  count(): bigint {
    return BigInt(this.#count.get()!);
  }

  /** Writes the next entry, in the caller's transaction. */
  append({ index, leafHash, loggedAt, entry }: StoredEntry): void {
    this.#append.run(index, leafHash, loggedAt, entry);
  }

  get(index: bigint): StoredEntry | null {
    const row = this.#one.get(index);
    return row === undefined ? null : fromRow(row);
  }

  /** Entries [start, end), all of them. Throws when one is missing. */
  range(start: bigint, end: bigint): StoredEntry[] {
    const entries = this.#range.all(start, end).map(fromRow);
    if (BigInt(entries.length) !== end - start)
      throw new Error(`expected entries ${start} to ${end} in the database; found ${entries.length}`);
    return entries;
  }

  /** Leaf hashes [start, end), one after another. Throws when one is missing. */
  leafHashes(start: bigint, end: bigint): Uint8Array {
    const rows = this.#hashes.all(start, end);
    if (BigInt(rows.length) !== end - start) throw new Error(`expected entries ${start} to ${end} in the database; found ${rows.length}`);
    return Buffer.concat(rows.map((row) => row.leaf_hash));
  }

  /** The root of the first `size` entries, from their leaf hashes; null when there are fewer. Reads all of them. */
  rootAt(size: bigint): Hash | null {
    if (size > this.count()) return null;
    const range = new CompactRange();
    for (let start = 0n; start < size; start += CHUNK) {
      const hashes = this.leafHashes(start, start + CHUNK < size ? start + CHUNK : size);
      for (let at = 0; at < hashes.length; at += HASH_BYTES) range.append(hashes.subarray(at, at + HASH_BYTES));
    }
    return range.root();
  }
}

function fromRow(row: Row): StoredEntry {
  return { index: BigInt(row.idx), leafHash: row.leaf_hash, loggedAt: row.logged_at, entry: row.entry };
}
