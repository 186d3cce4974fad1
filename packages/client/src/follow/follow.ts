/** Follows a log as rebuilders, monitors and mirrors do: every entry, in order, verified. The log is the work queue (DESIGN §2). */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SuccessorLog } from '../control-trail.ts';
import { ClientError, LogMisbehaviour } from '../errors.ts';
import type { LogReader } from '../log-reader.ts';
import { isProved } from './alarm-file.ts';
import type { FollowConsumer, FollowPosition } from './consumer.ts';
import { FollowRounds } from './rounds.ts';

export interface CatchUpOptions {
  /** Where evidence of misbehaviour is saved, before anybody hears of it. Null, or a folder that cannot be written: with temporary files. */
  readonly evidenceFolder: string | null;
  /**
   * Keeps, as this file, that the log was proved to have two histories: while the file is there nothing is followed, by no later process either.
   * Whoever has understood what happened removes it. Left out: not kept.
   */
  readonly alarmFile?: string;
  readonly signal?: AbortSignal;
  /**
   * Opens the log that the followed one named, with its root key; the follower closes its source. Without it, or when the reader knows no root key,
   * the log is followed to its end.
   */
  readonly openSuccessor?: (log: SuccessorLog) => Promise<LogReader>;
  readonly onWarning?: (message: string) => void;
}

export interface FollowOptions extends CatchUpOptions {
  /** Between looks at the checkpoint, in milliseconds. */
  readonly pollMs?: number;
  /** The longest pause after trouble, in milliseconds. */
  readonly maxPauseMs?: number;
  /**
   * Look again after bytes that do not fit what the log signed, too, as whoever stands in between may have made them: for those who only keep what
   * holds. Left out: they end following, as a fork does.
   */
  readonly outlastDamage?: boolean;
  /** The log cannot be read at the moment; following goes on. */
  readonly onTrouble?: (error: ClientError) => void;
  /** Everything of the newest checkpoint was handled. What it throws is taken as what the consumer throws. */
  readonly onCaughtUp?: (position: FollowPosition) => void | Promise<void>;
}

/**
 * Gives a consumer all entries up to the newest checkpoint and returns the position that it kept last. Every checkpoint is proved to
 * continue the one in the consumer's position, and signed by the key that is the log's at its size: a reader that knows the root key follows what
 * that key says in the log, from one log key to the next and into a successor.
 *
 * @throws LogMisbehaviour after which nothing of this log should be believed; its evidence is saved
 * @throws ClientError when the log cannot be read: what was handled by then is kept
 */
export async function catchUp(reader: LogReader, consumer: FollowConsumer, options: CatchUpOptions): Promise<FollowPosition> {
  await using rounds = await FollowRounds.start(reader, consumer, options);
  return rounds.next();
}

/**
 * `catchUp` again and again, until the signal aborts. A log without entries, without a checkpoint yet or out of reach is waited for.
 * Throws `LogMisbehaviour`, and what the consumer throws.
 *
 * @example
 * await follow(reader, { position: () => load(), take: db.transaction(({ entries, position }) => { queue(entries); save(position); }) }, { signal });
 */
export async function follow(reader: LogReader, consumer: FollowConsumer, options: FollowOptions): Promise<void> {
  const { signal, pollMs = 1000, maxPauseMs = 60_000, outlastDamage = false, onTrouble, onCaughtUp } = options;
  const isOver = (): boolean => signal?.aborted === true;
  await using rounds = await FollowRounds.start(reader, consumer, options);
  for (let failures = 0; !isOver();) {
    try {
      const position = await rounds.next();
      await onCaughtUp?.(position);
      failures = 0;
    } catch (error) {
      if (isOver()) return;
      if (!(error instanceof ClientError) || !(error.verdict === 'unavailable' || (outlastDamage && isDamage(error)))) throw error;
      // After a batch that went through, trouble is new trouble.
      failures = rounds.progressed() ? 1 : failures + 1;
      onTrouble?.(error);
    }
    const pause = failures === 0 ? pollMs : Math.min(maxPauseMs, pollMs * 2 ** Math.min(failures, 16));
    await sleep(pause, undefined, { signal }).catch(() => {});
  }
}

function isDamage(error: ClientError): boolean {
  return error instanceof LogMisbehaviour && !isProved(error);
}
