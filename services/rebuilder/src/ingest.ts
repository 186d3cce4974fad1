import type { FollowPosition } from '@verbatim/client';
import type { Logger } from '@verbatim/service-kit';
import { decodeEntry, keyidOfVkey, PREDICATE, verifySignatures, type DecodedEntry } from '@verbatim/statements';
import { hashLeaf } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import type { Database } from 'better-sqlite3';
import { artifactsToRebuild, type Subscription } from './select.ts';
import type { Outbox } from './store/outbox.ts';
import type { JobQueue } from './store/queue.ts';

/** An entry whose inclusion under a cosigned checkpoint was verified. */
export interface VerifiedEntry {
  readonly index: bigint;
  readonly entry: Uint8Array;
}

export interface IngestOptions {
  readonly db: Database;
  readonly queue: JobQueue;
  readonly outbox: Outbox;
  readonly subscriptions: readonly Subscription[];
  readonly origin: string;
  readonly keyid: string;
  readonly publicKey: Uint8Array;
  readonly logger: Logger;
}

export interface Ingested {
  readonly jobs: number;
  /** The log has just admitted our key: what waits in the outbox may be offered again. */
  readonly enrolled: boolean;
}

/**
 * Turns entries into jobs, and moves the log position, in one transaction: after a crash the same entries are looked at again, and nothing
 * is queued twice. An entry that cannot be read makes no job; it is the log's and its monitors' business.
 */
export class Ingest {
  readonly #options: IngestOptions;

  constructor(options: IngestOptions) {
    this.#options = options;
  }

  /** The entries must follow each other, starting at the stored position. @param position the one behind them, kept with them */
  take(entries: readonly VerifiedEntry[], now: number, position?: FollowPosition): Ingested {
    const { db, queue } = this.#options;
    return db.transaction(() => {
      let jobs = 0;
      let enrolled = false;
      for (const entry of entries) {
        const next = queue.nextIndex();
        if (entry.index !== next) throw new Error(`expected entry ${next} of the log, found ${entry.index}`);
        const taken = this.#takeOne(entry, now);
        jobs += taken.jobs;
        enrolled ||= taken.enrolled;
        queue.advanceTo(entry.index + 1n);
      }
      if (position !== undefined) queue.keepPosition(position);
      return { jobs, enrolled };
    })();
  }

  #takeOne({ index, entry }: VerifiedEntry, now: number): Ingested {
    const { queue, subscriptions, keyid, logger } = this.#options;
    const decoded = this.#decode(index, entry);
    const statement = decoded?.statement;
    if (decoded === null || statement === undefined) return NOTHING;
    switch (statement.predicateType) {
      case PREDICATE.release: {
        const wanted = artifactsToRebuild(statement, subscriptions);
        if (wanted.length === 0) return NOTHING;
        const jobs = queue.enqueue({ index, leafHash: hashLeaf(entry), entry }, wanted, now);
        if (jobs > 0) logger.info({ release: String(index), purl: statement.predicate.purl, jobs }, 'queued');
        return { jobs, enrolled: false };
      }
      case PREDICATE.observation:
        if (statement.predicate.rebuilder === keyid) this.#takeOwn(index, entry, decoded, now);
        return NOTHING;
      case PREDICATE.roster: {
        const { action, role, vkey } = statement.predicate;
        if (role !== 'rebuilder' || keyidOfVkey(vkey) !== keyid) return NOTHING;
        if (action === 'revoke') logger.error({ index: String(index) }, 'the log has revoked our key');
        return { jobs: 0, enrolled: action === 'enrol' };
      }
      default:
        return NOTHING;
    }
  }

  #decode(index: bigint, entry: Uint8Array): DecodedEntry | null {
    try {
      return decodeEntry(entry);
    } catch (error) {
      this.#options.logger.warn({ index: String(index), err: error }, 'an entry that cannot be read');
      return null;
    }
  }

  /** Only a signature of ours makes it ours: a log must not be able to talk us out of a rebuild. */
  #takeOwn(index: bigint, entry: Uint8Array, { envelope, statement }: DecodedEntry, now: number): void {
    const { outbox, origin, keyid, publicKey, logger } = this.#options;
    if (statement.predicateType !== PREDICATE.observation || statement.predicate.log !== origin) return;
    try {
      if (!verifySignatures(envelope, [{ keyid, publicKey }], verifyEd25519).includes(keyid)) return;
    } catch (error) {
      logger.error({ index: String(index), err: error }, 'the log holds an observation in our name that we did not sign');
      return;
    }
    const { release, artifact, attempt, result, reason } = statement.predicate;
    const outcome = outbox.adoptLogged({ releaseIndex: BigInt(release.index), artifact, attempt, result, reason, entry, index }, now);
    if (outcome === 'conflict') {
      logger.error(
        { index: String(index), release: release.index, artifact, attempt },
        'the log holds another observation of ours for this attempt: somebody else uses the key, or an old copy of the data folder',
      );
    }
  }
}

const NOTHING: Ingested = { jobs: 0, enrolled: false };
