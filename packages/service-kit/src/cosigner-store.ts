/** What the databases of all cosigners have: whose promises are in them, about which logs, and the logs' misbehaviour. */
import type { ClaimedStore } from './cosigner.ts';
import type { OwnedDatabase } from './database.ts';
import { SplitViews } from './split-views.ts';

/** For the first migration. It goes on with a table `log`: its key is `origin`, and `timestamp` is 0 or of the last cosignature. */
export const IDENTITY_TABLE = `CREATE TABLE identity (
     one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
     vkey TEXT NOT NULL
   ) STRICT;`;

export class CosignerStore implements ClaimedStore {
  /** Gives integers as bigint. */
  protected readonly db: OwnedDatabase;
  /** Proofs that a log misbehaved. */
  readonly splitViews: SplitViews;

  constructor(db: OwnedDatabase) {
    this.db = db.defaultSafeIntegers() as OwnedDatabase;
    this.splitViews = new SplitViews(this.db);
  }

  claim(vkey: string): string {
    this.db.prepare('INSERT INTO identity VALUES (1, ?) ON CONFLICT DO NOTHING').run(vkey);
    return this.db.prepare('SELECT vkey FROM identity').pluck().get() as string;
  }

  /** Every origin that ever got a row. */
  origins(): string[] {
    return this.db.prepare('SELECT origin FROM log ORDER BY origin').pluck().all() as string[];
  }

  /** The newest time that the cosigner has put its name to, in POSIX seconds; 0 if none. A clock behind it is a fault. */
  lastTimestamp(): bigint {
    return this.db.prepare('SELECT coalesce(max(timestamp), 0) FROM log').pluck().get() as bigint;
  }

  [Symbol.dispose](): void {
    this.db.close();
  }
}
