import type { Database, Statement } from 'better-sqlite3';

/** A migration: see `StandingTable`. */
export const STANDING_SCHEMA = `
  CREATE TABLE standing (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    copied_at INTEGER NOT NULL,
    last_checkpoint BLOB
  ) STRICT;
`;

/** What is known about a database that may be older than what this log has signed elsewhere. */
export interface Copy {
  /** POSIX seconds. */
  readonly copiedAt: number;
  /** The checkpoint that the operator vouches for as the last one, or null. */
  readonly lastCheckpoint: Uint8Array | null;
}

/**
 * A row while this database is a copy that nobody has proved to be the newest state of the log: `backup` writes it into what it makes, so it
 * is there however the copy comes back.
 */
export class StandingTable {
  readonly #get: Statement<[], { copied_at: number; last_checkpoint: Buffer | null }>;
  readonly #mark: Statement;
  readonly #vouch: Statement;
  readonly #clear: Statement;

  constructor(db: Database) {
    this.#get = db.prepare('SELECT copied_at, last_checkpoint FROM standing');
    this.#mark = db.prepare(
      'INSERT INTO standing (id, copied_at) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET copied_at = excluded.copied_at, last_checkpoint = NULL',
    );
    this.#vouch = db.prepare(
      'INSERT INTO standing (id, copied_at, last_checkpoint) VALUES (1, ?, ?) ON CONFLICT (id) DO UPDATE SET last_checkpoint = excluded.last_checkpoint',
    );
    this.#clear = db.prepare('DELETE FROM standing');
  }

  /** Null: this is the database that the log has always run on. */
  get(): Copy | null {
    const row = this.#get.get();
    return row === undefined ? null : { copiedAt: row.copied_at, lastCheckpoint: row.last_checkpoint };
  }

  markAsCopy(now: number): void {
    this.#mark.run(now);
  }

  vouchFor(lastCheckpoint: Uint8Array, now: number): void {
    this.#vouch.run(now, lastCheckpoint);
  }

  /** It is proved. */
  clear(): void {
    this.#clear.run();
  }
}
