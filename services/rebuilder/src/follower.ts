import { follow, LogMisbehaviour, type ClientError, type LogReader } from '@verbatim/client';
import type { Logger } from '@verbatim/service-kit';
import type { Ingest, Ingested, VerifiedEntry } from './ingest.ts';
import type { JobQueue } from './store/queue.ts';

export interface FollowerOptions {
  readonly reader: LogReader;
  readonly ingest: Ingest;
  readonly queue: Pick<JobQueue, 'nextIndex'>;
  readonly pollMs: number;
  readonly logger: Logger;
  readonly onIngested: (ingested: Ingested) => void;
  /** Everything in a verified, cosigned checkpoint of `size` entries has been looked at. */
  readonly onCaughtUp: (size: bigint) => void;
}

/** Entries of one transaction, so that a new node reads an old log at more than one fsync an entry. */
const BATCH = 256;

/** Follows the log from the stored position on, and keeps what `status` and the metrics tell about it. */
export class Follower {
  readonly #options: FollowerOptions;
  #trouble: string | null = null;
  #misbehaved = false;
  #checkpoint: { size: bigint; verifiedAt: number } | null = null;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** Why the log cannot be read just now. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** The log was caught: see `loop`. */
  get misbehaved(): boolean {
    return this.#misbehaved;
  }

  /** The last one verified, by this process. */
  get checkpoint(): { readonly size: bigint; readonly verifiedAt: number } | null {
    return this.#checkpoint;
  }

  /** Until `signal` aborts. Throws LogMisbehaviour: after it nothing of this log should be believed, and nothing be done for it. */
  async loop(signal: AbortSignal): Promise<void> {
    const { reader, ingest, queue, pollMs, logger, onIngested, onCaughtUp } = this.#options;
    let batch: VerifiedEntry[] = [];
    const flush = (): void => {
      if (batch.length === 0) return;
      const ingested = ingest.take(batch, Date.now());
      batch = [];
      onIngested(ingested);
    };
    const onTrouble = (error: ClientError): void => {
      if (this.#trouble === null) logger.warn({ code: error.code, detail: error.message }, 'the log cannot be read');
      this.#trouble = error.code;
    };
    const caughtUp = (size: bigint): void => {
      flush();
      if (this.#trouble !== null) logger.info('the log can be read again');
      this.#trouble = null;
      this.#checkpoint = { size, verifiedAt: Date.now() };
      onCaughtUp(size);
    };
    try {
      const options = { signal, pollMs, onTrouble, onCaughtUp: caughtUp };
      for await (const { index, entry } of follow(reader, queue.nextIndex(), options)) {
        batch.push({ index, entry });
        if (batch.length >= BATCH) flush();
      }
    } catch (error) {
      this.#trouble = (error as Error).message;
      this.#misbehaved = error instanceof LogMisbehaviour;
      throw error;
    }
  }
}
