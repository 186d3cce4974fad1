import { INDEX_SCHEMA } from '@verbatim/service-kit';
import { STANDING_SCHEMA } from './standing-table.ts';

/**
 * Tables of the log's database, as forward-only numbered migrations. The database is the trusted store: tiles and the public checkpoint are
 * written from it and repaired from it, never the other way round.
 *
 * One row of `entries` is sequenced in the same transaction as its uniqueness, roster, look-up and index rows (DESIGN §3.6). Nothing is ever
 * deleted from these tables but nodes of the index that no published size needs any more.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE identity (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    origin TEXT NOT NULL,
    log_vkey TEXT NOT NULL,
    root_vkey TEXT NOT NULL,
    admin_vkey TEXT NOT NULL,
    created TEXT NOT NULL
  ) STRICT;

  CREATE TABLE entries (
    idx INTEGER PRIMARY KEY,
    leaf_hash BLOB NOT NULL CHECK (length(leaf_hash) = 32),
    logged_at INTEGER NOT NULL,
    entry BLOB NOT NULL
  ) STRICT;

  CREATE TABLE uniqueness (
    key TEXT PRIMARY KEY,
    idx INTEGER NOT NULL REFERENCES entries
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE roster (
    role TEXT NOT NULL,
    keyid TEXT NOT NULL,
    name TEXT NOT NULL,
    public_key BLOB NOT NULL,
    operator TEXT NOT NULL,
    scope TEXT NOT NULL,
    threshold INTEGER NOT NULL,
    key_group TEXT,
    enrolled_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (keyid, role)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE releases (
    idx INTEGER PRIMARY KEY,
    purl TEXT NOT NULL,
    claimant TEXT NOT NULL,
    claim TEXT NOT NULL,
    part INTEGER NOT NULL,
    of INTEGER NOT NULL,
    recipe TEXT NOT NULL
  ) STRICT;
  CREATE INDEX releases_by_purl ON releases (purl, idx);

  CREATE TABLE release_artifacts (
    release INTEGER NOT NULL,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    sha256 TEXT,
    PRIMARY KEY (release, position)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE release_signers (
    release INTEGER NOT NULL,
    keyid TEXT NOT NULL,
    PRIMARY KEY (release, keyid)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE release_digests (
    sha256 TEXT NOT NULL,
    release INTEGER NOT NULL,
    PRIMARY KEY (sha256, release)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE observations (
    release INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    artifact TEXT NOT NULL,
    keyid TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    host TEXT NOT NULL,
    result TEXT NOT NULL,
    reason TEXT,
    PRIMARY KEY (release, idx)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE revocations (
    keyid TEXT NOT NULL,
    idx INTEGER NOT NULL,
    PRIMARY KEY (keyid, idx)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE signed_checkpoint (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    compact_range BLOB NOT NULL,
    note BLOB NOT NULL
  ) STRICT;

  CREATE TABLE published_checkpoint (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    size INTEGER NOT NULL,
    note BLOB NOT NULL
  ) STRICT;

  CREATE TABLE witnesses (
    vkey TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    alarm TEXT
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE blobs (
    sha256 TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    keyid TEXT NOT NULL,
    stored_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE blob_usage (
    keyid TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE control (
    idx INTEGER PRIMARY KEY REFERENCES entries,
    predicate TEXT NOT NULL
  ) STRICT;

  CREATE TABLE retired_keys (
    public_key TEXT PRIMARY KEY,
    use TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  INDEX_SCHEMA,
  STANDING_SCHEMA,
  // What answered look-ups before the index did.
  'DROP TABLE IF EXISTS release_signers; DROP TABLE IF EXISTS revocations;',
];
