/** The witness's memory: one row a log. Everything it promised is in here before anybody hears of it. */
import { EMPTY_ROOT, type TreeHead } from '@verbatim/tlog';
import { openDatabase, SPLIT_VIEW_TABLE, SplitViews, type OwnedDatabase } from '@verbatim/service-kit';

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
  `CREATE TABLE identity (
     one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
     vkey TEXT NOT NULL
   ) STRICT;
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

export class WitnessStore implements Disposable {
  readonly #db: OwnedDatabase;
  readonly #statements: ReturnType<typeof prepare>;
  /** Proofs that a log misbehaved. */
  readonly splitViews: SplitViews;

  private constructor(db: OwnedDatabase) {
    this.#db = db.defaultSafeIntegers() as OwnedDatabase;
    this.#statements = prepare(this.#db);
    this.splitViews = new SplitViews(this.#db);
  }

  /** `create: true` makes a new one and refuses an existing file; false refuses a missing one. Throws DatabaseError. */
  static open(path: string, { create }: { create: boolean }): WitnessStore {
    return new WitnessStore(openDatabase(path, { migrations, create: create ? 'only' : false }));
  }

  /** The vkey that these promises were made under: `vkey`, from the first call on. */
  claim(vkey: string): string {
    this.#statements.claim.run(vkey);
    return this.#statements.identity.get() as string;
  }

  /** Give each origin a row, so that the first cosignature is a compare-and-swap like all others. Rows are never removed. */
  track(origins: Iterable<string>): void {
    this.#db.transaction(() => {
      for (const origin of origins) this.#statements.track.run(origin, EMPTY_ROOT);
    })();
  }

  /** Every origin that ever got a row. */
  origins(): string[] {
    return this.#statements.origins.all() as string[];
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

  [Symbol.dispose](): void {
    this.#db.close();
  }
}

function prepare(db: OwnedDatabase) {
  return {
    claim: db.prepare('INSERT INTO identity VALUES (1, ?) ON CONFLICT DO NOTHING'),
    identity: db.prepare('SELECT vkey FROM identity').pluck(),
    track: db.prepare('INSERT INTO log VALUES (?, 0, ?, 0, NULL) ON CONFLICT DO NOTHING'),
    origins: db.prepare('SELECT origin FROM log ORDER BY origin').pluck(),
    head: db.prepare('SELECT size, root, timestamp, checkpoint FROM log WHERE origin = ?'),
    advance: db.prepare('UPDATE log SET size = ?, root = ?, timestamp = ?, checkpoint = ? WHERE origin = ? AND size = ?'),
    alarm: db.prepare('SELECT detail, evidencePath FROM alarm WHERE origin = ?'),
    setAlarm: db.prepare('INSERT INTO alarm VALUES (?, ?, ?) ON CONFLICT DO NOTHING'),
  };
}
