import { keyidOfVkey } from '@verbatim/statements';
import { parseVkey, type Signer, toHex, type VerifierKey } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import type { Database } from 'better-sqlite3';
import type { WitnessConfig } from '../config.ts';
import type { LedgerIdentity } from '../store/ledger-view.ts';
import { LogStateError } from './state-error.ts';

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

interface Row {
  origin: string;
  log_vkey: string;
  root_vkey: string;
  admin_vkey: string;
  created: string;
}

/** The database's identity, if it is the configured log's. Throws LogStateError `wrong-identity`. */
export function readIdentity(db: Database, origin: string, signer: Signer): Identity {
  const row = db.prepare<[], Row>('SELECT * FROM identity').get();
  if (row === undefined) throw wrong('expected a database that "init" made; it has no identity. Run "init" for a new log.');
  if (row.origin !== origin) throw wrong(`expected the database of ${origin}, as the configuration says; it belongs to ${row.origin}.`);
  if (row.log_vkey !== vkeyOf(signer)) {
    throw wrong(`expected the log key ${row.log_vkey}, which signed this log so far; key_file holds ${vkeyOf(signer)}.`);
  }
  return { origin, logVkey: row.log_vkey, rootVkey: row.root_vkey, adminVkey: row.admin_vkey, created: row.created };
}

/** What admission must know of it: the admin key, and the keys that must not be enrolled as anything else. */
export function ledgerIdentity(identity: Identity, witnesses: readonly WitnessConfig[]): LedgerIdentity {
  const uses: [string, VerifierKey][] = [
    ['log key', parseVkey(identity.logVkey)],
    ['root key', parseVkey(identity.rootVkey)],
    ['admin key', parseVkey(identity.adminVkey)],
    ...witnesses.map(({ name, key }): [string, VerifierKey] => [`key of witness ${name}`, key]),
  ];
  const reserved = new Map(uses.map(([use, key]) => [toHex(key.publicKey), use]));
  return { origin: identity.origin, adminKeyid: keyidOfVkey(identity.adminVkey), reserved };
}

function wrong(message: string): LogStateError {
  return new LogStateError('wrong-identity', message);
}
