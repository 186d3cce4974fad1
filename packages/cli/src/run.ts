import { Command, CommanderError } from 'commander';
import { COMMANDS } from './commands.ts';
import { describeError } from './errors.ts';
import { printable } from './io.ts';
import type { Io } from './io.ts';

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
  let exitCode: number | undefined;
  try {
    const program = await buildProgram(args, io, (code) => {
      exitCode = code;
    });
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 && exitCode === undefined ? 0 : errorExitCode(args);
    io.err(`verbatim: ${printable(describeError(error))}\n`);
    return errorExitCode(args);
  }
  return exitCode !== undefined && Number.isInteger(exitCode) && exitCode >= 0 && exitCode <= 255 ? exitCode : errorExitCode(args);
}

/** Only the command that is asked for is loaded; the others are known by name for the help. */
async function buildProgram(args: readonly string[], io: Io, finish: Finish): Promise<Command> {
  const program = new Command('verbatim');
  program
    .description('Has this file been rebuilt, bit for bit, by enough people whom I trust?')
    .enablePositionalOptions()
    .showHelpAfterError('(verbatim help shows what there is)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: (text) => io.err(text),
      getOutHasColors: () => io.colour,
      getErrHasColors: () => io.colour,
    });
  const named = args.find((arg) => !arg.startsWith('-'));
  const wanted = named === 'help' ? args[args.indexOf(named) + 1] : named;
  for (const { name, summary, load } of COMMANDS) {
    const command = program.command(name).summary(summary).description(summary);
    if (name === wanted) (await load()).configure(command, io, finish);
  }
  program.addHelpText(
    'after',
    '\nExit codes of verify: 0 reproduced, 1 not reproduced, wrong file or lying log, 2 usage or policy error, 3 not yet confirmed, 4 could not check.',
  );
  return program;
}
