import { ClientError } from '@verbatim/client';
import { exitCodeOf } from '@verbatim/consensus';
import { CliError, describeError } from '../errors.ts';
import { printable } from '../io.ts';
import type { Io } from '../io.ts';

/** The exit codes of every command that works on a log, for its help: docs/reference/exit-codes.md says more. */
export function logExitCodes(done: string): string {
  return `\nExit codes: 0 ${done}, 1 the log did what no log may do, 2 usage, file or refusal, 4 the log could not be reached or read.`;
}

/**
 * The exit code of work on a log; 0 where the work names none. What the log did wrong ends with 1, and a log that could not be reached or read
 * with 4, as in a verdict; one line on stderr says what was found. Anything else is thrown on, and ends with 2.
 */
export async function exitCodeOfLogWork(io: Pick<Io, 'err'>, work: () => Promise<number | void>): Promise<number> {
  try {
    return (await work()) ?? 0;
  } catch (error) {
    const exitCode = exitCodeOfError(error);
    if (exitCode === null) throw error;
    io.err(`verbatim: ${printable(describeError(error))}\n`);
    return exitCode;
  }
}

function exitCodeOfError(error: unknown): number | null {
  if (error instanceof ClientError) return exitCodeOf(error.verdict);
  return error instanceof CliError && error.code === 'unreachable' ? exitCodeOf('unavailable') : null;
}
