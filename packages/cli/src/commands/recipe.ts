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
        'Propose how a Go program was built, from what it says about itself; it is not run. FILE is a program, or an npm package (.tgz) whose programs are looked at.',
      )
      .argument('<file>', 'a program or a package')
      .option('--json', 'one JSON object'),
  ).action(async (file: string, options: InferOptions) => {
    finish(await inferFile(file, options, io));
  });
}
