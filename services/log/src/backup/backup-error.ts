import { CodedError } from '@verbatim/tlog';

export type BackupErrorCode =
  /** There is something where the result should go. */
  | 'exists'
  /** The folder holds no whole backup. */
  | 'not-a-backup'
  /** The server of a copy does not give it. */
  | 'unreadable'
  /** What was read is not what was written. */
  | 'damaged'
  /** It belongs to another log, or another release of this program. */
  | 'mismatch'
  /** It is older than what this log has signed. */
  | 'behind';

/** A backup or restoration that did not happen; nothing of the log was changed. */
export class BackupError extends CodedError<BackupErrorCode> {
  override readonly name = 'BackupError';
}
