/** What this package throws: we cannot go on. What a build or a download came to is a value (BuildOutcome, FetchOutcome, ReceiveOutcome). */
import { CodedError } from '@verbatim/tlog';

export type BuilderErrorCode =
  /** bubblewrap, go, git or npm is not installed. The message says what to type. */
  | 'tool-missing'
  | 'tool-too-old'
  /** The machine does not allow what the sandbox needs. */
  | 'sandbox-refused'
  /** The recipe asks for what this builder, or this host, cannot do. */
  | 'unsupported-recipe'
  /** A caller's parameter is out of range. */
  | 'bad-option'
  /** The entries of an archive have no canonical root (DESIGN §3.12). */
  | 'bad-members'
  /** An output is not a plain file of the build's own. */
  | 'bad-output';

export class BuilderError extends CodedError<BuilderErrorCode> {
  override readonly name = 'BuilderError';
}

/** `code` of a system error, such as ENOENT. */
export function errnoOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | null)?.code;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
