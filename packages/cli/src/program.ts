import { Command, CommanderError } from 'commander';
import { COMMANDS } from './commands.ts';
import type { Io } from './io.ts';
import type { Finish } from './run.ts';

/** Any command line, by commander: help and mistakes included. Returns `errorCode` when no command came to a result. */
export async function runProgram(args: readonly string[], io: Io, errorCode: number): Promise<number> {
  let exitCode: number | undefined;
  try {
    const program = await buildProgram(args, io, (code) => {
      exitCode = code;
    });
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 && exitCode === undefined ? 0 : errorCode;
  }
  return exitCode ?? errorCode;
}

/** Only the command that is asked for is loaded; the others are known by name for the help. */
async function buildProgram(args: readonly string[], io: Io, finish: Finish): Promise<Command> {
  const named = args.find((arg) => !arg.startsWith('-'));
  const wanted = named === 'help' ? args[args.indexOf(named) + 1] : named;
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
  for (const { name, summary, load } of COMMANDS) {
    const command = program.command(name).summary(summary).description(summary);
    if (name === wanted) (await load()).configure(command, io, finish);
  }
  for (const command of program.commands) pointToHelp(command, `verbatim ${command.name()}`);
  program.addHelpText(
    'after',
    '\nExit codes of verify: 0 reproduced, 1 not reproduced, wrong file or lying log, 2 usage or policy error, 3 not yet confirmed, 4 could not check.',
  );
  return program;
}

/** After a mistake in a command's options, its own help is what helps. */
function pointToHelp(command: Command, path: string): void {
  command.showHelpAfterError(`(${path} --help shows what there is)`);
  for (const sub of command.commands) pointToHelp(sub, `${path} ${sub.name()}`);
}
