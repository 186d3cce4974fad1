/** What the databases of all cosigners have: whose promises are in them, about which logs, and the logs' misbehaviour. */
import type { ClaimedStore } from './cosigner.ts';
import type { OwnedDatabase } from './database.ts';
import { SplitViews } from './split-views.ts';

/** For the first migration. It goes on with a table `log`, whose key is `origin`. */
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

  [Symbol.dispose](): void {
    this.db.close();
  }
}
