import {
  follow,
  keepAlarm,
  LogMisbehaviour,
  type ClientError,
  type FollowConsumer,
  type FollowOptions,
  type FollowPosition,
  type LogReader,
} from '@verbatim/client';
import type { Logger } from '@verbatim/service-kit';
import type { Ingest, Ingested } from './ingest.ts';
import type { JobQueue } from './store/queue.ts';

export interface FollowerOptions {
  /** Of the log that following begins with. */
  readonly reader: LogReader;
  readonly openSuccessor: NonNullable<FollowOptions['openSuccessor']>;
  readonly ingest: Ingest;
  readonly queue: Pick<JobQueue, 'position'>;
  readonly pollMs: number;
  /** Where evidence of misbehaviour is kept. */
  readonly evidenceFolder: string;
  /** Where it is kept that the log was caught: as long as this file is there, nothing is followed. */
  readonly alarmFile: string;
  readonly logger: Logger;
  readonly onIngested: (ingested: Ingested) => void;
  /** Everything in a verified, cosigned checkpoint of `size` entries has been looked at. */
  readonly onCaughtUp: (size: bigint) => void;
}

/** Follows the log from the stored position on, each entry exactly once, and keeps what `status` and the metrics tell about it. */
export class Follower {
  readonly #options: FollowerOptions;
  #trouble: string | null = null;
  readonly #stop = new AbortController();
  #caught: LogMisbehaviour | null = null;
  #checkpoint: { size: bigint; verifiedAt: number } | null = null;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** Why the log cannot be read just now. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** The log was caught, now or by an earlier process: see `loop`. */
  get misbehaved(): boolean {
    return this.#caught !== null;
  }

  /** The last one verified, by this process. */
  get checkpoint(): { readonly size: bigint; readonly verifiedAt: number } | null {
    return this.#checkpoint;
  }

  /** Somebody else of this node was shown two histories: the loop ends as if it had seen them itself, and no later one begins. */
  async stopFor(error: LogMisbehaviour): Promise<void> {
    const { alarmFile, logger } = this.#options;
    this.#caught ??= error;
    this.#stop.abort();
    try {
      await keepAlarm(alarmFile, error);
    } catch (cause) {
      logger.error({ err: cause, alarmFile }, 'the alarm cannot be kept');
    }
  }

  /** Until `signal` aborts. Throws LogMisbehaviour: after it nothing of this log should be believed, and nothing be done for it. */
  async loop(signal: AbortSignal): Promise<void> {
    const { reader, ingest, queue, logger, onIngested, onCaughtUp, ...options } = this.#options;
    const consumer: FollowConsumer = {
      position: () => queue.position(),
      take: ({ entries, position }) => onIngested(ingest.take(entries, Date.now(), position)),
    };
    const onTrouble = (error: ClientError): void => {
      if (this.#trouble === null) logger.warn({ code: error.code, detail: error.message }, 'the log cannot be read');
      this.#trouble = error.code;
    };
    const caughtUp = ({ next }: FollowPosition): void => {
      if (this.#trouble !== null) logger.info('the log can be read again');
      this.#trouble = null;
      this.#checkpoint = { size: next, verifiedAt: Date.now() };
      onCaughtUp(next);
    };
    const onWarning = (message: string): void => logger.error({ detail: message }, 'evidence');
    try {
      const either = AbortSignal.any([signal, this.#stop.signal]);
      await follow(reader, consumer, { ...options, signal: either, onTrouble, onCaughtUp: caughtUp, onWarning });
      if (this.#caught !== null) throw this.#caught;
    } catch (error) {
      this.#trouble = (error as Error).message;
      if (error instanceof LogMisbehaviour) this.#caught = error;
      throw error;
    }
  }
}
