/** Follows a log as rebuilders and monitors do: every entry, in order, verified. The log is the work queue (DESIGN §2). */
import { hashLeaf, type Hash } from '@verbatim/tlog';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClientError } from './errors.ts';
import type { LogReader } from './log-reader.ts';

export interface FollowedEntry {
  readonly index: bigint;
  readonly entry: Uint8Array;
  readonly leafHash: Hash;
  /** Size of the verified checkpoint that it was read at. */
  readonly size: bigint;
}

export interface FollowOptions {
  /** Ends the iteration without an error. */
  readonly signal?: AbortSignal;
  /** Between looks at the checkpoint, in milliseconds. */
  readonly pollMs?: number;
  /** The longest pause after trouble, in milliseconds. */
  readonly maxPauseMs?: number;
  /** The log cannot be read at the moment; following goes on. */
  readonly onTrouble?: (error: ClientError) => void;
  /** Everything up to this size was delivered. */
  readonly onCaughtUp?: (size: bigint) => void;
}

/**
 * The entries from `fromIndex` on, without end. A log without entries, without a checkpoint yet or out of reach is waited for. Every new
 * checkpoint is compared with the reader's memory. Throws `LogMisbehaviour`, after which nothing of this log should be believed.
 *
 * @example
 * for await (const { index, entry } of follow(reader, 0n, { signal })) await queue(index, entry);
 */
export async function* follow(
  reader: LogReader,
  fromIndex: bigint,
  { signal, pollMs = 1000, maxPauseMs = 60_000, onTrouble, onCaughtUp }: FollowOptions = {},
): AsyncGenerator<FollowedEntry, void, undefined> {
  let next = fromIndex;
  let failures = 0;
  const isOver = (): boolean => signal?.aborted === true;
  while (!isOver()) {
    try {
      const { checkpoint, tree } = await reader.latest(signal);
      for await (const { index, entry } of tree.entries(next)) {
        yield { index, entry, leafHash: hashLeaf(entry), size: checkpoint.size };
        next = index + 1n;
        failures = 0;
      }
      failures = 0;
      onCaughtUp?.(next);
    } catch (error) {
      if (isOver()) return;
      if (!(error instanceof ClientError) || error.verdict !== 'unavailable') throw error;
      failures += 1;
      onTrouble?.(error);
    }
    const pause = failures === 0 ? pollMs : Math.min(maxPauseMs, pollMs * 2 ** Math.min(failures, 16));
    await sleep(pause, undefined, { signal }).catch(() => {});
  }
}
