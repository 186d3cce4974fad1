import type { Database } from 'better-sqlite3';

/** Who the log is, fixed by `init`. */
export interface Identity {
  readonly origin: string;
  readonly logVkey: string;
  readonly rootVkey: string;
  readonly adminVkey: string;
  /** `YYYY-MM-DD` of the first entry: the date in feed ids. */
  readonly created: string;
}

export function writeIdentity(db: Database, identity: Identity): void {
  db.prepare('INSERT INTO identity (id, origin, log_vkey, root_vkey, admin_vkey, created) VALUES (1, ?, ?, ?, ?, ?)').run(
    identity.origin,
    identity.logVkey,
    identity.rootVkey,
    identity.adminVkey,
    identity.created,
  );
}

export function readIdentity(db: Database): Identity | null {
  const row = db
    .prepare<[], { origin: string; log_vkey: string; root_vkey: string; admin_vkey: string; created: string }>('SELECT * FROM identity')
    .get();
  return row === undefined
    ? null
    : { origin: row.origin, logVkey: row.log_vkey, rootVkey: row.root_vkey, adminVkey: row.admin_vkey, created: row.created };
}
