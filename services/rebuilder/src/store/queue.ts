import type { FollowPosition, SuccessorLog } from '@verbatim/client';
import type { Database } from 'better-sqlite3';

/** What a worker slot holds while it works. `fence` proves that it still does: the queue refuses a conclusion under an older one. */
export interface Lease {
  readonly jobId: number;
  readonly releaseIndex: bigint;
  readonly artifact: string;
  /** The number that the observation will carry (1, 2, …): attempt n is submitted after n−1 is logged. */
  readonly attempt: number;
  /** How often this attempt was started, this time included. */
  readonly tries: number;
  readonly fence: number;
}

interface JobRow {
  id: number;
  release_index: number;
  artifact: string;
  state: 'queued' | 'leased' | 'concluded';
  attempt: number;
  tries: number;
  fence: number;
}

interface PositionRow {
  vkey: string | null;
  checkpoint: Buffer | null;
  control: string | null;
  successor: string | null;
}

/** What `requeue` found. `attempt` is the attempt that is now queued, running, or (unchanged) concluded. */
export type RequeueAnswer =
  | { readonly outcome: 'unknown-job' }
  | { readonly outcome: 'queued' | 'already-queued' | 'already-running' | 'already-concluded' | 'resubmitting'; readonly attempt: number };

export interface QueueCounts {
  readonly queued: number;
  readonly leased: number;
  readonly concluded: number;
  /** Milliseconds since the epoch, or null when nothing waits. */
  readonly oldestQueuedAt: number | null;
}

/** A release entry as it stands in the log. */
export interface LoggedRelease {
  readonly index: bigint;
  readonly leafHash: Uint8Array;
  readonly entry: Uint8Array;
}

/**
 * The durable job queue. Every method is one SQLite transaction (or part of the caller's), times are milliseconds since the epoch and
 * a parameter, and nothing here knows what a job does.
 */
export class JobQueue {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Remembers the release and queues the named artifacts; those already known stay as they are. Returns how many are new. */
  enqueue(release: LoggedRelease, artifacts: readonly string[], now: number): number {
    return this.#db.transaction(() => {
      const index = Number(release.index);
      this.#db
        .prepare('INSERT INTO releases (release_index, leaf_hash, entry) VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
        .run(index, release.leafHash, release.entry);
      const insert = this.#db.prepare(
        "INSERT INTO jobs (release_index, artifact, state, not_before, enqueued_at) VALUES (?, ?, 'queued', ?, ?) ON CONFLICT DO NOTHING",
      );
      let added = 0;
      for (const artifact of artifacts) added += insert.run(index, artifact, now, now).changes;
      return added;
    })();
  }

  release(index: bigint): LoggedRelease | null {
    const row = this.#db.prepare('SELECT leaf_hash, entry FROM releases WHERE release_index = ?').get(Number(index)) as
      | { leaf_hash: Buffer; entry: Buffer }
      | undefined;
    return row === undefined ? null : { index, leafHash: new Uint8Array(row.leaf_hash), entry: new Uint8Array(row.entry) };
  }

  /** Takes the next due job for `leaseMs`; the start counts as a try, so a job that kills its node cannot be started for ever. */
  lease(now: number, leaseMs: number): Lease | null {
    const row = this.#db
      .prepare(
        `UPDATE jobs SET state = 'leased', lease_expires = ?, fence = fence + 1, tries = tries + 1
         WHERE id = (SELECT id FROM jobs WHERE state = 'queued' AND not_before <= ? ORDER BY priority, release_index, id LIMIT 1)
         RETURNING *`,
      )
      .get(now + leaseMs, now) as JobRow | undefined;
    if (row === undefined) return null;
    return {
      jobId: row.id,
      releaseIndex: BigInt(row.release_index),
      artifact: row.artifact,
      attempt: row.attempt,
      tries: row.tries,
      fence: row.fence,
    };
  }

  /** False when the lease is no longer held: whoever asks must stop working. */
  renew(lease: Lease, now: number, leaseMs: number): boolean {
    return (
      this.#db
        .prepare("UPDATE jobs SET lease_expires = ? WHERE id = ? AND fence = ? AND state = 'leased'")
        .run(now + leaseMs, lease.jobId, lease.fence).changes === 1
    );
  }

  /** Back to the queue after trouble, not before `notBefore`. The try stays counted. */
  retryLater(lease: Lease, notBefore: number, trouble: string): boolean {
    return this.#giveBack(lease, notBefore, trouble, 0);
  }

  /** Back to the queue because the node stops: this start was nobody's fault and is not counted. */
  giveBack(lease: Lease, now: number): boolean {
    return this.#giveBack(lease, now, null, 1);
  }

  #giveBack(lease: Lease, notBefore: number, trouble: string | null, uncounted: number): boolean {
    return (
      this.#db
        .prepare(
          `UPDATE jobs SET state = 'queued', lease_expires = NULL, not_before = ?, tries = tries - ?, last_trouble = coalesce(?, last_trouble)
           WHERE id = ? AND fence = ? AND state = 'leased'`,
        )
        .run(notBefore, uncounted, trouble, lease.jobId, lease.fence).changes === 1
    );
  }

  /** Part of the transaction that stores the observation (outbox.ts). False when the lease is no longer held. */
  conclude(lease: Lease): boolean {
    return (
      this.#db
        .prepare(
          "UPDATE jobs SET state = 'concluded', lease_expires = NULL, last_trouble = NULL WHERE id = ? AND fence = ? AND state = 'leased'",
        )
        .run(lease.jobId, lease.fence).changes === 1
    );
  }

  /** Leases past their time go back to the queue. Run on a timer, not when somebody asks for work. */
  sweep(now: number): number {
    return this.#db
      .prepare(
        "UPDATE jobs SET state = 'queued', lease_expires = NULL, not_before = ?, last_trouble = 'lease-expired' WHERE state = 'leased' AND lease_expires <= ?",
      )
      .run(now, now).changes;
  }

  /** At start-up, with the data folder locked: whoever held a lease is dead. */
  recover(now: number): number {
    return this.#db
      .prepare(
        "UPDATE jobs SET state = 'queued', lease_expires = NULL, not_before = ?, last_trouble = 'interrupted' WHERE state = 'leased'",
      )
      .run(now).changes;
  }

  /**
   * The log already has our observation of this artifact with this attempt number (a restored data folder, a second node with the key):
   * there is nothing left to do, and whoever works on it loses the lease.
   */
  concludeLogged(releaseIndex: bigint, artifact: string, attempt: number): void {
    this.#db
      .prepare(
        `UPDATE jobs SET state = 'concluded', lease_expires = NULL, fence = fence + 1
         WHERE release_index = ? AND artifact = ? AND attempt <= ? AND state != 'concluded'`,
      )
      .run(Number(releaseIndex), artifact, attempt);
  }

  /**
   * Asks for one more attempt after the job concluded. Idempotent: while it is queued or running nothing changes, and with `attempt` given
   * a repeated request never adds a further one. A refused observation is offered to the log again before anything is built anew.
   */
  requeue(releaseIndex: bigint, artifact: string, attempt: number | null, now: number): RequeueAnswer {
    return this.#db.transaction((): RequeueAnswer => {
      const job = this.#db.prepare('SELECT * FROM jobs WHERE release_index = ? AND artifact = ?').get(Number(releaseIndex), artifact) as
        | JobRow
        | undefined;
      if (job === undefined) return { outcome: 'unknown-job' };
      if (job.state === 'leased') return { outcome: 'already-running', attempt: job.attempt };
      if (job.state === 'queued') {
        this.#db.prepare('UPDATE jobs SET priority = 0, not_before = min(not_before, ?) WHERE id = ?').run(now, job.id);
        return { outcome: 'already-queued', attempt: job.attempt };
      }
      const refused = this.#db
        .prepare(
          `UPDATE observations SET state = 'pending', tries = 0, not_before = ?
           WHERE release_index = ? AND artifact = ? AND state = 'refused'`,
        )
        .run(now, Number(releaseIndex), artifact).changes;
      const last = this.#lastAttempt(releaseIndex, artifact);
      if (refused > 0) return { outcome: 'resubmitting', attempt: last };
      if (attempt !== null && attempt <= last) return { outcome: 'already-concluded', attempt: last };
      this.#db
        .prepare("UPDATE jobs SET state = 'queued', priority = 0, attempt = ?, tries = 0, not_before = ? WHERE id = ?")
        .run(last + 1, now, job.id);
      return { outcome: 'queued', attempt: last + 1 };
    })();
  }

  #lastAttempt(releaseIndex: bigint, artifact: string): number {
    const row = this.#db
      .prepare('SELECT coalesce(max(attempt), 0) AS last FROM observations WHERE release_index = ? AND artifact = ?')
      .get(Number(releaseIndex), artifact) as { last: number };
    return row.last;
  }

  counts(): QueueCounts {
    const row = this.#db
      .prepare(
        `SELECT count(*) FILTER (WHERE state = 'queued') AS queued, count(*) FILTER (WHERE state = 'leased') AS leased,
                count(*) FILTER (WHERE state = 'concluded') AS concluded, min(enqueued_at) FILTER (WHERE state = 'queued') AS oldest
         FROM jobs`,
      )
      .get() as { queued: number; leased: number; concluded: number; oldest: number | null };
    return { queued: row.queued, leased: row.leased, concluded: row.concluded, oldestQueuedAt: row.oldest };
  }

  /** When the next queued job becomes due, for a timer; null when nothing waits. */
  nextDue(): number | null {
    const row = this.#db.prepare("SELECT min(not_before) AS due FROM jobs WHERE state = 'queued'").get() as { due: number | null };
    return row.due;
  }

  /** The log position: entries below it have been looked at. Moves in the transaction that enqueues what it passed. */
  nextIndex(): bigint {
    return BigInt((this.#db.prepare('SELECT next_index FROM follow').get() as { next_index: number }).next_index);
  }

  advanceTo(nextIndex: bigint): void {
    this.#db.prepare('UPDATE follow SET next_index = ?').run(Number(nextIndex));
  }

  /** The log position with the checkpoint that proves it; null before the first. */
  position(): FollowPosition | null {
    const row = this.#db.prepare('SELECT vkey, checkpoint, control, successor FROM follow').get() as PositionRow;
    const { vkey, checkpoint, control, successor } = row;
    if (vkey === null || checkpoint === null) return null;
    return {
      ...{ vkey, checkpoint: new Uint8Array(checkpoint), next: this.nextIndex() },
      ...(successor !== null && { successor: JSON.parse(successor) as SuccessorLog }),
      ...(control !== null && { control }),
    };
  }

  keepPosition({ vkey, checkpoint, next, control, successor }: FollowPosition): void {
    const named = successor === undefined ? null : JSON.stringify(successor);
    this.#db
      .prepare('UPDATE follow SET next_index = ?, vkey = ?, checkpoint = ?, control = ?, successor = ?')
      .run(Number(next), vkey, checkpoint, control ?? null, named);
  }
}
