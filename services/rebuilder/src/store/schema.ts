/**
 * The node's own state: what it follows, what it has to do, what it saw and still has to hand in.
 * Forward-only, numbered: a released migration never changes, a new one is appended (reference: operators' upgrade rule).
 *
 * Log indexes are stored as SQLite integers. They come from statements, where they are JSON integers below 2^53.
 */
export const MIGRATIONS: readonly string[] = [
  `
  -- Whose state this is: positions and attempts mean something for one key and one log only.
  CREATE TABLE node (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    vkey TEXT NOT NULL,
    origin TEXT NOT NULL
  ) STRICT;

  CREATE TABLE follow (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    next_index INTEGER NOT NULL
  ) STRICT;
  INSERT INTO follow (id, next_index) VALUES (1, 0);

  -- The entry as logged: an observation names its release by index and leaf hash.
  CREATE TABLE releases (
    release_index INTEGER PRIMARY KEY,
    leaf_hash BLOB NOT NULL CHECK (length(leaf_hash) = 32),
    entry BLOB NOT NULL
  ) STRICT;

  -- One row a (release entry, artifact). fence grows with every lease, so that whoever held an earlier one can no longer conclude.
  CREATE TABLE jobs (
    id INTEGER PRIMARY KEY,
    release_index INTEGER NOT NULL REFERENCES releases (release_index),
    artifact TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'leased', 'concluded')),
    priority INTEGER NOT NULL DEFAULT 1,
    attempt INTEGER NOT NULL DEFAULT 1 CHECK (attempt >= 1),
    tries INTEGER NOT NULL DEFAULT 0,
    not_before INTEGER NOT NULL,
    enqueued_at INTEGER NOT NULL,
    lease_expires INTEGER,
    fence INTEGER NOT NULL DEFAULT 0,
    last_trouble TEXT,
    UNIQUE (release_index, artifact),
    CHECK ((state = 'leased') = (lease_expires IS NOT NULL))
  ) STRICT;
  CREATE INDEX jobs_due ON jobs (state, priority, not_before);

  -- The outbox, and afterwards the record of what the log acknowledged. Rows are never deleted.
  CREATE TABLE observations (
    id INTEGER PRIMARY KEY,
    release_index INTEGER NOT NULL,
    artifact TEXT NOT NULL,
    attempt INTEGER NOT NULL CHECK (attempt >= 1),
    result TEXT NOT NULL,
    reason TEXT,
    entry BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'acknowledged', 'refused')),
    tries INTEGER NOT NULL DEFAULT 0,
    not_before INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    last_trouble TEXT,
    log_index INTEGER,
    proof TEXT,
    acknowledged_at INTEGER,
    UNIQUE (release_index, artifact, attempt),
    CHECK ((state = 'acknowledged') = (log_index IS NOT NULL))
  ) STRICT;
  CREATE INDEX observations_due ON observations (state, not_before);

  -- Evidence waits here until the log has it, or has refused it for good; then only its digest (in the statement) stays.
  CREATE TABLE evidence (
    observation_id INTEGER NOT NULL REFERENCES observations (id),
    sha256 TEXT NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (observation_id, sha256)
  ) STRICT;
  `,
  `
  -- A position is kept with the verified checkpoint that it was read at. One without is read again from entry 0: nothing is queued twice.
  ALTER TABLE follow ADD COLUMN vkey TEXT;
  ALTER TABLE follow ADD COLUMN checkpoint BLOB;
  UPDATE follow SET next_index = 0;
  `,
  `
  -- Who speaks for the log, and which log it is by now, are kept with the position. One without is read again from entry 0: nothing is queued twice.
  ALTER TABLE follow ADD COLUMN control TEXT;
  ALTER TABLE follow ADD COLUMN successor TEXT;
  UPDATE follow SET next_index = 0, vkey = NULL, checkpoint = NULL;
  -- Where the log has an observation of ours, known while its acknowledgement is still out.
  ALTER TABLE observations ADD COLUMN met_index INTEGER;
  `,
];
