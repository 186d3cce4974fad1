import { ClientError } from '@verbatim/client';
import { exitCodeOf } from '@verbatim/consensus';
import { describeError } from '../errors.ts';
import { printable } from '../io.ts';
import type { Io } from '../io.ts';

/**
 * The exit code of work on a log. What the log did wrong ends with 1, and a log that could not be read with 4, as in a verdict; one line on
 * stderr says what was found. Anything else is thrown on.
 */
export async function exitCodeOfReading(io: Pick<Io, 'err'>, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    io.err(`verbatim: ${printable(describeError(error))}\n`);
    return exitCodeOf(error.verdict);
  }
}
