/** The witness's memory: one row a log. Everything it promised is in here before anybody hears of it. */
import { EMPTY_ROOT, type TreeHead } from '@verbatim/tlog';
import { CosignerStore, IDENTITY_TABLE, openDatabase, SPLIT_VIEW_TABLE, type OwnedDatabase } from '@verbatim/service-kit';

/** What was cosigned last. */
export interface CosignedHead extends TreeHead {
  /** POSIX seconds of the cosignature. */
  readonly timestamp: bigint;
  /** The note with the log's signatures and the cosignature; null if nothing was cosigned yet. */
  readonly checkpoint: Uint8Array | null;
}

/** Why nothing of a log is cosigned any more. */
export interface Alarm {
  readonly detail: string;
  readonly evidencePath: string | null;
}

const migrations = [
  `${IDENTITY_TABLE}
   CREATE TABLE log (
     origin TEXT NOT NULL PRIMARY KEY,
     size INTEGER NOT NULL CHECK (size >= 0),
     root BLOB NOT NULL CHECK (length(root) = 32),
     timestamp INTEGER NOT NULL CHECK (timestamp >= 0),
     checkpoint BLOB
   ) STRICT;
   ${SPLIT_VIEW_TABLE}`,
  // Of an index-witness.
  `CREATE TABLE alarm (
     origin TEXT NOT NULL PRIMARY KEY REFERENCES log,
     detail TEXT NOT NULL,
     evidencePath TEXT
   ) STRICT;`,
];

const NOTHING_COSIGNED: CosignedHead = { size: 0n, root: EMPTY_ROOT, timestamp: 0n, checkpoint: null };

export class WitnessStore extends CosignerStore {
  readonly #statements: ReturnType<typeof prepare>;

  private constructor(db: OwnedDatabase) {
    super(db);
    this.#statements = prepare(this.db);
  }

  /** `create: true` makes a new one and refuses an existing file; false refuses a missing one. Throws DatabaseError. */
  static open(path: string, { create }: { create: boolean }): WitnessStore {
    return new WitnessStore(openDatabase(path, { migrations, create: create ? 'only' : false }));
  }

  /** Give each origin a row, so that the first cosignature is a compare-and-swap like all others. Rows are never removed. */
  track(origins: Iterable<string>): void {
    this.db.transaction(() => {
      for (const origin of origins) this.#statements.track.run(origin, EMPTY_ROOT);
    })();
  }

  head(origin: string): CosignedHead {
    return (this.#statements.head.get(origin) as CosignedHead | undefined) ?? NOTHING_COSIGNED;
  }

  /**
   * Replace the head of `oldSize` by `next`, durable when it returns (synchronous=FULL). False if the head is another one by now:
   * nothing changed. Throws SqliteError when it cannot write.
   */
  advance(origin: string, oldSize: bigint, { size, root, timestamp, checkpoint }: CosignedHead): boolean {
    return this.#statements.advance.run(size, root, timestamp, checkpoint, origin, oldSize).changes === 1;
  }

  /** Why nothing of a log is cosigned any more; null when nothing is wrong with it. */
  alarm(origin: string): Alarm | null {
    return (this.#statements.alarm.get(origin) as Alarm | undefined) ?? null;
  }

  /** The first one stays, for ever. */
  setAlarm(origin: string, { detail, evidencePath }: Alarm): void {
    this.#statements.setAlarm.run(origin, detail, evidencePath);
  }
}

function prepare(db: OwnedDatabase) {
  return {
    track: db.prepare('INSERT INTO log VALUES (?, 0, ?, 0, NULL) ON CONFLICT DO NOTHING'),
    head: db.prepare('SELECT size, root, timestamp, checkpoint FROM log WHERE origin = ?'),
    advance: db.prepare('UPDATE log SET size = ?, root = ?, timestamp = ?, checkpoint = ? WHERE origin = ? AND size = ?'),
    alarm: db.prepare('SELECT detail, evidencePath FROM alarm WHERE origin = ?'),
    setAlarm: db.prepare('INSERT INTO alarm VALUES (?, ?, ?) ON CONFLICT DO NOTHING'),
  };
}
