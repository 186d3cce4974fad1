import { CodedError } from '@verbatim/tlog';

export type LogStateErrorCode =
  /** The database belongs to another log or key. */
  | 'wrong-identity'
  /** Entries that a signed checkpoint covers are not in the database. */
  | 'entries-missing'
  /** The database's own signed checkpoint does not add up. */
  | 'bad-checkpoint'
  /** The public checkpoint, or a witness, is ahead of the database: it was restored from an old copy, or state was lost. */
  | 'rolled-back'
  /** The database is a copy, and there is nothing to prove that it is the newest. */
  | 'unproven'
  /** The index is not the one whose root the log's last entry states. */
  | 'bad-index'
  /** Tile files do not hash to what was signed. */
  | 'damaged-tiles';

/** The log must not go on: what it has stored contradicts what it has told the world. */
export class LogStateError extends CodedError<LogStateErrorCode> {
  override readonly name = 'LogStateError';
}
