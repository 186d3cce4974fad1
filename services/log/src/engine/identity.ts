import { toHex } from '@verbatim/tlog';
import type { Database } from 'better-sqlite3';
import type { WitnessConfig } from '../config.ts';
import type { LedgerIdentity } from '../store/ledger-view.ts';
import type { LogKeys } from './log-keys.ts';
import { LogStateError } from './state-error.ts';

/** Who the log is, fixed by `init`: the keys are those that it began with. */
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

interface Row {
  origin: string;
  log_vkey: string;
  root_vkey: string;
  admin_vkey: string;
  created: string;
}

/** The database's identity, if it is the configured log's. Throws LogStateError `wrong-identity`. Which keys are current, control entries say. */
export function readIdentity(db: Database, origin: string): Identity {
  const row = db.prepare<[], Row>('SELECT * FROM identity').get();
  if (row === undefined) throw wrong('expected a database that "init" made; it has no identity. Run "init" for a new log.');
  if (row.origin !== origin) throw wrong(`expected the database of ${origin}, as the configuration says; it belongs to ${row.origin}.`);
  return { origin, logVkey: row.log_vkey, rootVkey: row.root_vkey, adminVkey: row.admin_vkey, created: row.created };
}

/** What admission must know of it: where the log's own keys begin, and those of others that must not be enrolled as anything else. */
export function ledgerIdentity(
  { origin, logVkey, rootVkey, adminVkey }: Identity,
  witnesses: readonly WitnessConfig[],
  keys: LogKeys,
): LedgerIdentity {
  const reserved = new Map(witnesses.map(({ name, key }) => [toHex(key.publicKey), `key of witness ${name}`]));
  return { origin, keys: { log: logVkey, root: rootVkey, admin: adminVkey }, reserved, holdsLogKey: (vkey) => keys.holds(vkey) };
}

function wrong(message: string): LogStateError {
  return new LogStateError('wrong-identity', message);
}
