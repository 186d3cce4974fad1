import type { Command } from 'commander';
import { explainTwo } from '../explain/explain.ts';
import type { ExplainOptions } from '../explain/explain.ts';
import type { Io } from '../io.ts';
import type { Finish } from '../run.ts';

export function configure(command: Command, io: Io, finish: Finish): void {
  command
    .description(
      'Say why two builds of the same release differ: which cause, and what to set or change. Programs (Go, Rust and others), and packages with all that is in them. Nothing of them is run.',
    )
    .argument('<published>', 'the published file; - is standard input')
    .argument('<rebuilt>', 'the other one: your rebuild')
    .option(
      '--again <file>',
      'another rebuild of yours with nothing changed, to tell what the build itself changes; may be repeated',
      collect,
    )
    .option('--json', 'print one JSON object')
    .option('--diffoscope', 'run diffoscope as well; by default only for what is left unexplained, where it is installed')
    .option('--no-diffoscope', 'never run it')
    .addHelpText(
      'after',
      '\nExit codes, as those of cmp and diff:\n  0  identical\n  1  different, explained or not: an explanation never makes a match\n  2  a file cannot be read, or what was asked for cannot be done',
    )
    .action(async (published: string, rebuilt: string, options: ExplainOptions) =>
      finish(await explainTwo(published, rebuilt, options, io)),
    );
}

const collect = (file: string, before: string[] = []): string[] => [...before, file];
