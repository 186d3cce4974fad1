/** The mirror's memory: one row a log. Everything it promised is in here before anybody hears of it. */
import { CosignerStore, IDENTITY_TABLE, openDatabase, SPLIT_VIEW_TABLE, type OwnedDatabase } from '@verbatim/service-kit';
import { EMPTY_ROOT, type TreeHead } from '@verbatim/tlog';

/** The newest checkpoint that the log has shown: what uploads lead up to (C2SP tlog-mirror, "pending checkpoint"). */
export interface PendingHead extends TreeHead {
  /** With the lines that have the log's name, and no other; null if there was none yet. */
  readonly note: Uint8Array | null;
}

/** The newest checkpoint that was cosigned: its whole tree is here. */
export interface MirrorHead extends TreeHead {
  /** POSIX seconds of the cosignature; 0 if there is none. */
  readonly timestamp: bigint;
  /** The note with the log's signatures and the cosignatures; null if nothing was cosigned yet. */
  readonly checkpoint: Uint8Array | null;
}

const migrations = [
  `${IDENTITY_TABLE}
   CREATE TABLE log (
     origin TEXT NOT NULL PRIMARY KEY,
     pending_size INTEGER NOT NULL DEFAULT 0 CHECK (pending_size >= 0),
     pending_root BLOB NOT NULL CHECK (length(pending_root) = 32),
     pending_note BLOB,
     next_entry INTEGER NOT NULL DEFAULT 0 CHECK (next_entry BETWEEN 0 AND pending_size),
     size INTEGER NOT NULL DEFAULT 0 CHECK (size BETWEEN 0 AND next_entry),
     root BLOB NOT NULL CHECK (length(root) = 32),
     timestamp INTEGER NOT NULL DEFAULT 0 CHECK (timestamp >= 0),
     checkpoint BLOB
   ) STRICT;
   ${SPLIT_VIEW_TABLE}`,
  // The control entries below next_entry, of a log whose root key is known.
  'ALTER TABLE log ADD COLUMN control TEXT;',
];

export class MirrorStore extends CosignerStore {
  readonly #statements: ReturnType<typeof prepare>;

  private constructor(db: OwnedDatabase) {
    super(db);
    this.#statements = prepare(this.db);
  }

  /** `create: true` makes a new one and refuses an existing file; false refuses a missing one. Throws DatabaseError. */
  static open(path: string, { create }: { create: boolean }): MirrorStore {
    return new MirrorStore(openDatabase(path, { migrations, create: create ? 'only' : false }));
  }

  /** Give each origin a row. Rows are never removed. */
  track(origins: Iterable<string>): void {
    this.db.transaction(() => {
      for (const origin of origins) this.#statements.track.run(origin, EMPTY_ROOT, EMPTY_ROOT);
    })();
  }

  pending(origin: string): PendingHead {
    return this.#statements.pending.get(origin) as PendingHead;
  }

  mirrored(origin: string): MirrorHead {
    return this.#statements.mirrored.get(origin) as MirrorHead;
  }

  /** Index of the first entry that is not stored. */
  next(origin: string): bigint {
    return this.#statements.next.get(origin) as bigint;
  }

  /** Replace the pending checkpoint of `oldSize`. False if it is another one by now: nothing changed. Durable when it returns, as all writes here. */
  advancePending(origin: string, oldSize: bigint, { size, root, note }: PendingHead): boolean {
    return this.#statements.advancePending.run(size, root, note, origin, oldSize).changes === 1;
  }

  /** What the stored entries say about who speaks for the log; null if nobody looked. */
  control(origin: string): string | null {
    return this.#statements.control.get(origin) as string | null;
  }

  /** Entries up to `next` are on disk, durably. Never goes back. @param control what they say; null if nobody looks */
  advanceNext(origin: string, next: bigint, control: string | null): void {
    this.#statements.advanceNext.run(next, control, origin, next);
  }

  /** A cosigned checkpoint. False if a larger one was by now: nothing changed. */
  commit(origin: string, { size, root, timestamp, checkpoint }: MirrorHead): boolean {
    return this.#statements.commit.run(size, root, timestamp, checkpoint, origin, size, size).changes === 1;
  }
}

function prepare(db: OwnedDatabase) {
  return {
    track: db.prepare('INSERT INTO log (origin, pending_root, root) VALUES (?, ?, ?) ON CONFLICT DO NOTHING'),
    pending: db.prepare('SELECT pending_size AS size, pending_root AS root, pending_note AS note FROM log WHERE origin = ?'),
    mirrored: db.prepare('SELECT size, root, timestamp, checkpoint FROM log WHERE origin = ?'),
    next: db.prepare('SELECT next_entry FROM log WHERE origin = ?').pluck(),
    advancePending: db.prepare('UPDATE log SET pending_size = ?, pending_root = ?, pending_note = ? WHERE origin = ? AND pending_size = ?'),
    control: db.prepare('SELECT control FROM log WHERE origin = ?').pluck(),
    advanceNext: db.prepare('UPDATE log SET next_entry = ?, control = ? WHERE origin = ? AND next_entry < ?'),
    commit: db.prepare(
      'UPDATE log SET size = ?, root = ?, timestamp = ?, checkpoint = ? WHERE origin = ? AND size <= ? AND next_entry >= ?',
    ),
  };
}
