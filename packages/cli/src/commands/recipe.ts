import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { addHintOptions } from '../recipe/hint-options.ts';
import type { Finish } from '../run.ts';
import { inferFile } from '../recipe/infer.ts';
import type { InferOptions } from '../recipe/infer.ts';

export function configure(command: Command, io: Io, finish: Finish): void {
  command.description('Recipes: how a program is built, as data.');
  addHintOptions(
    command
      .command('infer')
      .description(
        'Propose how a Go or Rust program was built, from what it says about itself; it is not run. FILE is a program, a package whose programs are looked at (.tgz, .whl), or a .deb.',
      )
      .argument('<file>', 'a program or a package')
      .option('--look-up', 'ask the ecosystem’s own client (go, cargo, apt) for what is missing: versions, hashes, release scripts')
      .option('--cache <folder>', "downloads that are kept; by default in the user's cache folder")
      .option('--json', 'one JSON object'),
  ).action(async (file: string, options: InferOptions) => {
    finish(await inferFile(file, options, io));
  });
}
