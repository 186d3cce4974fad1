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

/** Reads entries back from the trusted store. Callers bound the range by the published size. */
export class EntryStore {
  readonly #one: Statement<[bigint], Row>;
  readonly #range: Statement<[bigint, bigint], Row>;
  readonly #hashes: Statement<[bigint, bigint], { idx: number; leaf_hash: Buffer }>;

  constructor(db: Database) {
    this.#one = db.prepare('SELECT * FROM entries WHERE idx = ?');
    this.#range = db.prepare('SELECT * FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx');
    this.#hashes = db.prepare('SELECT idx, leaf_hash FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx');
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
}

function fromRow(row: Row): StoredEntry {
  return { index: BigInt(row.idx), leafHash: row.leaf_hash, loggedAt: row.logged_at, entry: row.entry };
}
