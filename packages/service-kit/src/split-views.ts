/** Evidence that a log showed two histories, in the database of whoever found it. */
import type { Hash } from '@verbatim/tlog';
import type { Statement } from 'better-sqlite3';
import type { OwnedDatabase } from './database.ts';

/** Two checkpoints, both signed by the log, that cannot both be of one history. */
export interface SplitView {
  /** Of the conflicting one. */
  readonly size: bigint;
  readonly root: Hash;
  /** The one that was accepted before. */
  readonly known: Uint8Array;
  readonly conflicting: Uint8Array;
}

/** For a migration; a table `log` with the key `origin` comes before it. */
export const SPLIT_VIEW_TABLE = `CREATE TABLE split_view (
     origin TEXT NOT NULL REFERENCES log,
     size INTEGER NOT NULL,
     root BLOB NOT NULL,
     known BLOB NOT NULL,
     conflicting BLOB NOT NULL,
     PRIMARY KEY (origin, size, root)
   ) STRICT;`;

/** Pieces of evidence kept for one log: one is enough to convict, the first ones are the best. */
export const MAX_SPLIT_VIEWS = 100;

export class SplitViews {
  readonly #add: Statement<unknown[]>;
  readonly #list: Statement<unknown[]>;

  /** @param db that gives integers as bigint */
  constructor(db: OwnedDatabase) {
    this.#add = db.prepare(
      `INSERT INTO split_view SELECT ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM split_view WHERE origin = ?) < ${MAX_SPLIT_VIEWS}
       ON CONFLICT DO NOTHING`,
    );
    this.#list = db.prepare('SELECT size, root, known, conflicting FROM split_view WHERE origin = ? ORDER BY rowid');
  }

  /** Kept once, and at most `MAX_SPLIT_VIEWS` for a log; durable when it returns. */
  add(origin: string, { size, root, known, conflicting }: SplitView): void {
    this.#add.run(origin, size, root, known, conflicting, origin);
  }

  list(origin: string): SplitView[] {
    return this.#list.all(origin) as SplitView[];
  }
}
