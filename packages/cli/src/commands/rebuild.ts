import { InvalidArgumentError, type Command } from 'commander';
import type { Io } from '../io.ts';
import { rebuild, type RebuildOptions } from '../rebuild/rebuild.ts';
import { addHintOptions } from '../recipe/hint-options.ts';
import type { Finish } from '../run.ts';

const DEFAULT_MINUTES = 60;

export function configure(command: Command, io: Io, finish: Finish): void {
  addHintOptions(
    command
      .description(
        'Rebuild a published file on this machine, in a sandbox without network, and compare: no account, no log, no other rebuilder. FILE is a program, or a package whose programs are rebuilt. It is never run, and no build can read it.',
      )
      .argument('<file>', 'the published file')
      .option('--recipe <file>', 'how it is built (JSON); by default the recipes that the file itself proposes are tried')
      .option('--artifact <name>', 'the output of --recipe to build')
      .option('--member <path>', 'only this program of a package')
      .option('--budget <minutes>', 'for all tries together', minutes, DEFAULT_MINUTES)
      .option('-o, --output <file>', 'keep the last rebuild here')
      .option('--save-recipe <file>', 'keep the recipe that gave the published bytes here')
      .option('--vary', 'build twice more in other surroundings (path, zone, cores …), and say whether the build agrees with itself')
      .option('--explain', 'when other bytes come out, also build with the settings that the published file claims, to prove why')
      .option('--export-inputs <folder>', 'copy what the build was given to a new folder, for machines without network')
      .option('--inputs <folder>', 'take inputs, and the recipe, from such a folder')
      .option('--offline', 'ask nobody: every input must be in the cache, or in --inputs')
      .option('--cache <folder>', "downloads that are kept; by default in the user's cache folder")
      .option('--json', 'print one JSON object')
      .option('-q, --quiet', 'no progress'),
  )
    .addHelpText(
      'after',
      '\nExit codes, as those of verify:\n  0  every program was rebuilt, bit for bit\n  1  other bytes came out; the cause is named\n  2  usage, an unreadable file, or no sandbox\n  3  no recipe is known, or nothing was built\n  4  inputs could not be had',
    )
    .action(async (file: string, options: RebuildOptions) => finish(await rebuild(file, options, io)));
}

function minutes(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 24 * 60)) throw new InvalidArgumentError('Expected minutes, more than 0 and at most 1440.');
  return value;
}
