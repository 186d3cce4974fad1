import type { FollowPosition } from '@verbatim/client';
import type { Logger } from '@verbatim/service-kit';
import { decodeEntry, keyidOfVkey, PREDICATE, verifySignatures, type DecodedEntry } from '@verbatim/statements';
import { hashLeaf, parseVkey, type Signer } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import type { Database } from 'better-sqlite3';
import { observationFor } from './observation-for.ts';
import { artifactsToRebuild, type Subscription } from './select.ts';
import type { Outbox } from './store/outbox.ts';
import type { JobQueue } from './store/queue.ts';

/** An entry whose inclusion under a cosigned checkpoint was verified. */
export interface VerifiedEntry {
  readonly index: bigint;
  readonly entry: Uint8Array;
  /** Of the log that sequenced it. */
  readonly origin: string;
}

export interface IngestOptions {
  readonly db: Database;
  readonly queue: JobQueue;
  readonly outbox: Outbox;
  readonly subscriptions: readonly Subscription[];
  readonly keyid: string;
  readonly signer: Signer;
  readonly logger: Logger;
}

export interface Ingested {
  readonly jobs: number;
  /** The log has just admitted our key: what waits in the outbox may be offered again. */
  readonly enrolled: boolean;
  /** The log goes on as another one: what waits in the outbox was signed for that one. */
  readonly moved: boolean;
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
      const moved = position !== undefined && this.#keep(position, now);
      return { jobs, enrolled, moved };
    })();
  }

  /** Whether the log is another one than before. */
  #keep(position: FollowPosition, now: number): boolean {
    const { queue, outbox, signer, logger } = this.#options;
    const before = queue.position();
    const [from, to] = [parseVkey((before ?? position).vkey).name, parseVkey(position.vkey).name];
    queue.keepPosition(position);
    if (from === to) return false;
    logger.warn({ from, to, url: position.successor?.url }, 'the log has ended and goes on as another one: following it there');
    outbox.moveTo((entry) => observationFor(to, entry, signer), now);
    return true;
  }

  #takeOne({ index, entry, origin }: VerifiedEntry, now: number): Omit<Ingested, 'moved'> {
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
        if (statement.predicate.rebuilder === keyid) this.#takeOwn({ index, entry, origin }, decoded, now);
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
  #takeOwn({ index, entry, origin }: VerifiedEntry, { envelope, statement }: DecodedEntry, now: number): void {
    const { outbox, keyid, signer, logger } = this.#options;
    if (statement.predicateType !== PREDICATE.observation || statement.predicate.log !== origin) return;
    try {
      if (!verifySignatures(envelope, [{ keyid, publicKey: signer.publicKey }], verifyEd25519).includes(keyid)) return;
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

const NOTHING = { jobs: 0, enrolled: false };
