import { describeError } from './errors.ts';
import { printable } from './io.ts';
import type { Io } from './io.ts';
import { parseVerifyArgs } from './verify/options.ts';
import { verify } from './verify/verify.ts';

/** Usage and policy errors, unreadable files, and everything nobody foresaw. */
const EXIT_ERROR = 2;

/** What a command line ends with when its command came to no result. `exec` has a code of its own, for its others are the program's. */
export function errorExitCode(args: readonly string[]): number {
  return args[0] === 'exec' ? 125 : EXIT_ERROR;
}

/** Takes the exit code of the command that ran. */
export type Finish = (exitCode: number) => void;

/**
 * Runs one command line and returns its exit code. Only a command that finished decides its code; an exception of any kind,
 * a command line that runs nothing, and a code that is none become 2 (`exec`: 125).
 */
export async function run(args: readonly string[], io: Io): Promise<number> {
  try {
    const exitCode = await dispatch(args, io);
    return Number.isInteger(exitCode) && exitCode >= 0 && exitCode <= 255 ? exitCode : errorExitCode(args);
  } catch (error) {
    io.err(`verbatim: ${printable(describeError(error))}\n`);
    return errorExitCode(args);
  }
}

/** `verify` is what people wait for: a plain command line of it goes its own way. */
async function dispatch(args: readonly string[], io: Io): Promise<number> {
  const plain = args[0] === 'verify' ? parseVerifyArgs(args.slice(1)) : null;
  if (plain !== null) return verify(plain.files, plain.options, io);
  return (await import('./program.ts')).runProgram(args, io, errorExitCode(args));
}
