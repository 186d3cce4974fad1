import type { Database } from 'better-sqlite3';
import type { JobQueue, Lease } from './queue.ts';

/** A blob that the statement names by digest. */
export interface Evidence {
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

/** What a concluded job leaves behind: signed bytes, ready to hand in as they are, however often. */
export interface NewObservation {
  readonly result: string;
  readonly reason: string | null;
  readonly entry: Uint8Array;
  readonly evidence: readonly Evidence[];
}

export interface PendingObservation {
  readonly id: number;
  readonly releaseIndex: bigint;
  readonly artifact: string;
  readonly attempt: number;
  readonly entry: Uint8Array;
  readonly tries: number;
  readonly recordedAt: number;
}

export interface OutboxCounts {
  readonly pending: number;
  readonly acknowledged: number;
  readonly refused: number;
  /** Milliseconds since the epoch, or null when everything is handed in. */
  readonly oldestPendingAt: number | null;
}

/** Signed, and not in the log as far as we know. */
export interface UnloggedObservation {
  readonly id: number;
  readonly entry: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly recordedAt: number;
  /** The log's last answer about it; null before the first. */
  readonly trouble: string | null;
}

/** One attempt, as `status` shows it. */
export interface AttemptSummary {
  readonly release: number;
  readonly artifact: string;
  readonly attempt: number;
  readonly result: string;
  readonly reason: string | null;
  readonly state: 'pending' | 'acknowledged' | 'refused';
  readonly index: number | null;
  readonly trouble: string | null;
}

interface PendingRow {
  id: number;
  release_index: number;
  artifact: string;
  attempt: number;
  entry: Buffer;
  tries: number;
  recorded_at: number;
}

/** The durable outbox: an observation is in it before anybody hears of it, and stays as the record of what the log acknowledged. */
export class Outbox {
  readonly #db: Database;
  readonly #queue: JobQueue;

  constructor(db: Database, queue: JobQueue) {
    this.#db = db;
    this.#queue = queue;
  }

  /**
   * One transaction: the job is concluded and its observation stored, or neither. False (and nothing stored) when the lease is no longer
   * held, so that an attempt never has two observations.
   */
  record(lease: Lease, observation: NewObservation, now: number): boolean {
    return this.#db.transaction(() => {
      if (!this.#queue.conclude(lease)) return false;
      const { lastInsertRowid } = this.#db
        .prepare(
          `INSERT INTO observations (release_index, artifact, attempt, result, reason, entry, state, not_before, recorded_at)
           VALUES (?, ?, ?, ?, ?, ?, 'pending', ?, ?)`,
        )
        .run(
          Number(lease.releaseIndex),
          lease.artifact,
          lease.attempt,
          observation.result,
          observation.reason,
          observation.entry,
          now,
          now,
        );
      const insert = this.#db.prepare('INSERT INTO evidence (observation_id, sha256, bytes) VALUES (?, ?, ?) ON CONFLICT DO NOTHING');
      for (const blob of observation.evidence) insert.run(lastInsertRowid, blob.sha256, blob.bytes);
      return true;
    })();
  }

  /**
   * The next observation to hand in: due, and every earlier attempt on the same artifact acknowledged (admission wants n−1 logged before n).
   * `skip` holds ids that are on their way already.
   */
  next(now: number, skip: ReadonlySet<number> = new Set()): PendingObservation | null {
    const rows = this.#db
      .prepare(
        `SELECT id, release_index, artifact, attempt, entry, tries, recorded_at FROM observations AS o
         WHERE state = 'pending' AND not_before <= ?
           AND NOT EXISTS (SELECT 1 FROM observations AS e WHERE e.release_index = o.release_index AND e.artifact = o.artifact
                           AND e.attempt < o.attempt AND e.state != 'acknowledged')
         ORDER BY id LIMIT ?`,
      )
      .all(now, skip.size + 1) as PendingRow[];
    const row = rows.find((candidate) => !skip.has(candidate.id));
    if (row === undefined) return null;
    return {
      id: row.id,
      releaseIndex: BigInt(row.release_index),
      artifact: row.artifact,
      attempt: row.attempt,
      entry: new Uint8Array(row.entry),
      tries: row.tries,
      recordedAt: row.recorded_at,
    };
  }

  evidence(observationId: number): Evidence[] {
    const rows = this.#db.prepare('SELECT sha256, bytes FROM evidence WHERE observation_id = ?').all(observationId) as {
      sha256: string;
      bytes: Buffer;
    }[];
    return rows.map((row) => ({ sha256: row.sha256, bytes: new Uint8Array(row.bytes) }));
  }

  /** The log has the blob, or refused it for good: a missing one never changes a verdict (DESIGN §3.2). */
  dropEvidence(observationId: number, sha256: string): void {
    this.#db.prepare('DELETE FROM evidence WHERE observation_id = ? AND sha256 = ?').run(observationId, sha256);
  }

  acknowledge(id: number, logIndex: bigint, proof: string, now: number): void {
    this.#db.transaction(() => {
      this.#db
        .prepare(
          "UPDATE observations SET state = 'acknowledged', log_index = ?, proof = ?, acknowledged_at = ?, last_trouble = NULL WHERE id = ?",
        )
        .run(Number(logIndex), proof, now, id);
      this.#db.prepare('DELETE FROM evidence WHERE observation_id = ?').run(id);
    })();
  }

  retryLater(id: number, notBefore: number, trouble: string): void {
    this.#db
      .prepare("UPDATE observations SET tries = tries + 1, not_before = ?, last_trouble = ? WHERE id = ? AND state = 'pending'")
      .run(notBefore, trouble, id);
  }

  /** Kept, signed, for the operator to see and for `requeue` to offer again. */
  refuse(id: number, trouble: string): void {
    this.#db.prepare("UPDATE observations SET state = 'refused', last_trouble = ? WHERE id = ? AND state = 'pending'").run(trouble, id);
  }

  /** Everything that waits may be tried at once, for example because the log has just enrolled our key. */
  hurry(now: number): void {
    this.#db.prepare("UPDATE observations SET not_before = min(not_before, ?) WHERE state = 'pending'").run(now);
  }

  /**
   * The follower met an observation signed by our own key. Returns `conflict` when the log holds another statement than ours for that
   * attempt: ours can never be admitted, and somebody else has used the key (or an old copy of this folder).
   */
  adoptLogged(
    logged: {
      releaseIndex: bigint;
      artifact: string;
      attempt: number;
      result: string;
      reason: string | null;
      entry: Uint8Array;
      index: bigint;
    },
    now: number,
  ): 'ours' | 'adopted' | 'conflict' {
    return this.#db.transaction(() => {
      const release = Number(logged.releaseIndex);
      const ours = this.#db
        .prepare('SELECT id, entry, state FROM observations WHERE release_index = ? AND artifact = ? AND attempt = ?')
        .get(release, logged.artifact, logged.attempt) as { id: number; entry: Buffer; state: string } | undefined;
      if (ours === undefined) {
        this.#db
          .prepare(
            `INSERT INTO observations (release_index, artifact, attempt, result, reason, entry, state, not_before, recorded_at, log_index, acknowledged_at)
             VALUES (?, ?, ?, ?, ?, ?, 'acknowledged', ?, ?, ?, ?)`,
          )
          .run(release, logged.artifact, logged.attempt, logged.result, logged.reason, logged.entry, now, now, Number(logged.index), now);
        this.#queue.concludeLogged(logged.releaseIndex, logged.artifact, logged.attempt);
        return 'adopted';
      }
      if (Buffer.compare(ours.entry, logged.entry) !== 0) {
        // The logged statement takes the place of ours, so that the next attempt number is right.
        this.#db
          .prepare(
            `UPDATE observations SET state = 'acknowledged', entry = ?, result = ?, reason = ?, log_index = ?, acknowledged_at = ?, last_trouble = 'superseded-by-logged'
             WHERE id = ?`,
          )
          .run(logged.entry, logged.result, logged.reason, Number(logged.index), now, ours.id);
        this.#db.prepare('DELETE FROM evidence WHERE observation_id = ?').run(ours.id);
        return 'conflict';
      }
      // Still pending means that the answer to our POST never arrived; the submitter repeats it and receives the proof.
      this.#db.prepare('UPDATE observations SET met_index = ? WHERE id = ?').run(Number(logged.index), ours.id);
      return 'ours';
    })();
  }

  /**
   * In the caller's transaction: the log that these were signed for has ended, all of it was read, and another log goes on with its entries. What it
   * has is there, and everything else is offered to the other log.
   *
   * @param signAnew gives the same observation for that one
   */
  moveTo(signAnew: (entry: Uint8Array) => Uint8Array, now: number): void {
    const met = "state != 'acknowledged' AND met_index IS NOT NULL";
    this.#db.prepare(`DELETE FROM evidence WHERE observation_id IN (SELECT id FROM observations WHERE ${met})`).run();
    this.#db
      .prepare(
        `UPDATE observations SET state = 'acknowledged', log_index = met_index, acknowledged_at = ?, last_trouble = NULL WHERE ${met}`,
      )
      .run(now);
    const rows = this.#db.prepare("SELECT id, entry FROM observations WHERE state != 'acknowledged'").all() as Pick<
      PendingRow,
      'id' | 'entry'
    >[];
    const sign = this.#db.prepare('UPDATE observations SET entry = ?, tries = 0, not_before = min(not_before, ?) WHERE id = ?');
    for (const { id, entry } of rows) sign.run(signAnew(new Uint8Array(entry)), now, id);
  }

  counts(): OutboxCounts {
    const row = this.#db
      .prepare(
        `SELECT count(*) FILTER (WHERE state = 'pending') AS pending, count(*) FILTER (WHERE state = 'acknowledged') AS acknowledged,
                count(*) FILTER (WHERE state = 'refused') AS refused, min(recorded_at) FILTER (WHERE state = 'pending') AS oldest
         FROM observations`,
      )
      .get() as { pending: number; acknowledged: number; refused: number; oldest: number | null };
    return { pending: row.pending, acknowledged: row.acknowledged, refused: row.refused, oldestPendingAt: row.oldest };
  }

  /** The newest attempts first. */
  attempts(limit: number): AttemptSummary[] {
    return this.#db
      .prepare(
        `SELECT release_index AS release, artifact, attempt, result, reason, state, log_index AS "index", last_trouble AS trouble
         FROM observations ORDER BY id DESC LIMIT ?`,
      )
      .all(limit) as AttemptSummary[];
  }

  /** What is signed about a release entry and not acknowledged by the log, for whatever reason; in the order of signing, after `after`. */
  unlogged(releaseIndex: bigint, after: number, limit: number): UnloggedObservation[] {
    const rows = this.#db
      .prepare(
        `SELECT id, entry, recorded_at AS recordedAt, last_trouble AS trouble FROM observations
         WHERE release_index = ? AND state != 'acknowledged' AND id > ? ORDER BY id LIMIT ?`,
      )
      .all(Number(releaseIndex), after, limit) as (Omit<UnloggedObservation, 'entry'> & { entry: Buffer })[];
    return rows.map((row) => ({ ...row, entry: new Uint8Array(row.entry) }));
  }

  /** When the next pending observation becomes due, for a timer; null when nothing waits. */
  nextDue(): number | null {
    const row = this.#db.prepare("SELECT min(not_before) AS due FROM observations WHERE state = 'pending'").get() as { due: number | null };
    return row.due;
  }
}
