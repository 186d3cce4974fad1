/** Who follows a log, and where its progress is kept. */
import type { Hash } from '@verbatim/tlog';
import type { IndexedEntry, SuccessorLog } from '../control-trail.ts';
import type { VerifiedTree } from '../verified-tree.ts';

export interface FollowedEntry extends IndexedEntry {
  readonly leafHash: Hash;
  /** Of the log that sequenced it: the followed one, or one that it goes on from. */
  readonly origin: string;
}

/** How far a consumer is: all entries below `next` were handled. */
export interface FollowPosition {
  /** The followed log's key as it was pinned, as text; its name is the origin. It changes with a successor. */
  readonly vkey: string;
  /** The newest checkpoint that was verified, as served: every later one must continue it. */
  readonly checkpoint: Uint8Array;
  readonly next: bigint;
  /** The followed log, when it is not the one that following began with. */
  readonly successor?: SuccessorLog;
  /** Who speaks for the log by now, when its root key is known. Nobody's business but the follower's. */
  readonly control?: string;
}

export interface FollowBatch {
  /** Of the log that the entries are from. */
  readonly origin: string;
  /**
   * In order, without gaps, starting where the position before was; at most 256, but for those that a log ends with. None when only the
   * checkpoint is new.
   */
  readonly entries: readonly FollowedEntry[];
  /** That they were verified in; for entries before them, and proofs. */
  readonly tree: VerifiedTree;
  /** To be kept together with what the entries brought about. */
  readonly position: FollowPosition;
}

/**
 * Exactly once: `take` writes the effects of a batch and its position in one transaction of the same store. Whatever happens to the process,
 * either both are there or neither, and the batch comes again. For a store without transactions there is `atLeastOnce`.
 */
export interface FollowConsumer {
  /** As kept by the last `take` that returned; null before the first. Asked once, at the start. */
  position(): FollowPosition | null | Promise<FollowPosition | null>;
  /**
   * Handles a batch. When it throws, following ends with that error, and the batch comes again at the next start; a `ClientError` that says
   * `unavailable` is trouble that passes, and the batch comes again after a pause.
   */
  take(batch: FollowBatch): void | Promise<void>;
}
