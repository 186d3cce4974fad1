/** What the mirror answers to a checkpoint, to an upload, and at its end. */
import { parseCheckpoint, parseNote, type Checkpoint, type Conflict, type MirrorInfo, type Refusal } from '@verbatim/tlog';

/** A checkpoint that uploads lead up to: the newest pending one, or an earlier one that a ticket or the mirror's own head vouches for. */
export interface Target {
  readonly checkpoint: Checkpoint;
  /** With the lines that have the log's name, and no other. */
  readonly note: Uint8Array;
}

export type CheckpointAnswer = (
  | { readonly status: 200; /** False if it was the pending checkpoint already. */ readonly recorded: boolean }
  | Conflict
  | Refusal
) & {
  /** A configured log's, or null. */ readonly origin: string | null;
};

export interface UploadConflict {
  readonly status: 409;
  readonly info: MirrorInfo;
}

export type UploadStart =
  | { readonly status: 'go'; readonly target: Target }
  | UploadConflict
  | { readonly status: 404 | 422; readonly code: string; readonly detail: string };

export type Committed =
  | { readonly status: 200; readonly lines: string }
  | UploadConflict
  | { readonly status: 422; readonly code: string; readonly detail: string };

export function readTarget(note: Uint8Array): Target {
  return { checkpoint: parseCheckpoint(parseNote(note).text), note };
}
