import { CodedError } from '@verbatim/tlog';

/**
 * Why a command stops before it has a result. They end in exit code 2 (`exec`: 125), but for a log that is `unreachable`: 4.
 *
 * - `usage`: the command line is wrong. - `file`: a file cannot be read or written. - `refused`: the other side said no.
 * - `unreachable`: there is no other side, or it has no answer yet.
 */
export type CliErrorCode = 'usage' | 'file' | 'refused' | 'unreachable';

export class CliError extends CodedError<CliErrorCode> {
  override readonly name = 'CliError';
}

/** The error's message and those of its causes, in one line: the first cause is what people can act on. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error; at !== undefined && parts.length < 5; at = at instanceof Error ? at.cause : undefined) {
    const text = at instanceof Error ? at.message || at.name : String(at);
    // A message often repeats its cause.
    if (!parts.some((part) => part.includes(text))) parts.push(text);
  }
  return parts.join(': ');
}
