import type { Database, Statement } from 'better-sqlite3';

/** The newest checkpoint that the log signed, with what is needed to continue from it. */
export interface StoredCheckpoint {
  readonly size: bigint;
  readonly root: Uint8Array;
  /** Hashes of the compact range, one after another. */
  readonly compactRange: Uint8Array;
  readonly note: Uint8Array;
}

export interface PublishedCheckpoint {
  readonly size: bigint;
  readonly note: Uint8Array;
}

/** The row was not what we wrote last: another process signs for this log, or the database was replaced. */
export class CheckpointConflictError extends Error {
  readonly code = 'checkpoint-conflict';
  constructor(expectedSize: bigint) {
    super(
      `expected the signed checkpoint in the database at size ${expectedSize}, as this process wrote it; found another. ` +
        `Make sure that only one process serves this log, and that nobody restored its database.`,
    );
    this.name = 'CheckpointConflictError';
  }
}

/** Signed and published checkpoint, one row each. The signed one moves by compare-and-swap only: it is the guard against a split view. */
export class CheckpointStore {
  readonly #signed: Statement<[], { size: number; root: Buffer; compact_range: Buffer; note: Buffer }>;
  readonly #insertSigned: Statement;
  readonly #swapSigned: Statement;
  readonly #published: Statement<[], { size: number; note: Buffer }>;
  readonly #recordPublished: (
    checkpoint: PublishedCheckpoint,
    witnesses: readonly { readonly vkey: string; readonly size: bigint }[],
  ) => void;
  readonly #witness: Statement<[string], { size: number; alarm: string | null }>;
  readonly #setAlarm: Statement;

  constructor(db: Database) {
    this.#signed = db.prepare('SELECT * FROM signed_checkpoint');
    this.#insertSigned = db.prepare(
      'INSERT INTO signed_checkpoint (id, size, root, compact_range, note) VALUES (1, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    );
    this.#swapSigned = db.prepare(
      'UPDATE signed_checkpoint SET size = ?, root = ?, compact_range = ?, note = ? WHERE id = 1 AND size = ? AND root = ?',
    );
    this.#published = db.prepare('SELECT size, note FROM published_checkpoint');
    const publish = db.prepare(
      'INSERT INTO published_checkpoint (id, size, note) VALUES (1, ?, ?) ON CONFLICT (id) DO UPDATE SET size = excluded.size, note = excluded.note',
    );
    const witness = db.prepare('INSERT INTO witnesses (vkey, size) VALUES (?, ?) ON CONFLICT (vkey) DO UPDATE SET size = excluded.size');
    const record = db.transaction(
      (checkpoint: PublishedCheckpoint, witnesses: readonly { readonly vkey: string; readonly size: bigint }[]) => {
        publish.run(checkpoint.size, checkpoint.note);
        for (const { vkey, size } of witnesses) witness.run(vkey, size);
      },
    );
    this.#recordPublished = (checkpoint, witnesses) => {
      // The file `public/checkpoint` is durable already and is what a restart believes: this row need not wait for the disk once more. It
      // becomes durable with the next batch.
      db.pragma('synchronous = NORMAL');
      try {
        record(checkpoint, witnesses);
      } finally {
        db.pragma('synchronous = FULL');
      }
    };
    this.#witness = db.prepare('SELECT size, alarm FROM witnesses WHERE vkey = ?');
    this.#setAlarm = db.prepare(
      'INSERT INTO witnesses (vkey, size, alarm) VALUES (?, 0, ?) ON CONFLICT (vkey) DO UPDATE SET alarm = excluded.alarm',
    );
  }

  signed(): StoredCheckpoint | null {
    const row = this.#signed.get();
    return row === undefined ? null : { size: BigInt(row.size), root: row.root, compactRange: row.compact_range, note: row.note };
  }

  /** Replaces the signed checkpoint, if it still is `old`. Throws `CheckpointConflictError` otherwise. */
  swapSigned(old: StoredCheckpoint | null, next: StoredCheckpoint): void {
    const { changes } =
      old === null
        ? this.#insertSigned.run(next.size, next.root, next.compactRange, next.note)
        : this.#swapSigned.run(next.size, next.root, next.compactRange, next.note, old.size, old.root);
    if (changes !== 1) throw new CheckpointConflictError(old?.size ?? 0n);
  }

  published(): PublishedCheckpoint | null {
    const row = this.#published.get();
    return row === undefined ? null : { size: BigInt(row.size), note: row.note };
  }

  /** Records what `public/checkpoint` holds, and the sizes that the witnesses are known to hold. */
  recordPublished(checkpoint: PublishedCheckpoint, witnesses: readonly { readonly vkey: string; readonly size: bigint }[]): void {
    this.#recordPublished(checkpoint, witnesses);
  }

  witness(vkey: string): { readonly size: bigint; readonly alarm: string | null } {
    const row = this.#witness.get(vkey);
    return row === undefined ? { size: 0n, alarm: null } : { size: BigInt(row.size), alarm: row.alarm };
  }

  /** Closes a witness for good, or with null opens it again. */
  setAlarm(vkey: string, alarm: string | null): void {
    this.#setAlarm.run(vkey, alarm);
  }
}
