import type { Command } from 'commander';
import type { Io } from '../io.ts';
import type { Finish } from '../run.ts';
import { inferFile } from '../recipe/infer.ts';
import type { InferOptions } from '../recipe/infer.ts';

export function configure(command: Command, io: Io, finish: Finish): void {
  command.description('Recipes: how a program is built, as data.');
  command
    .command('infer')
    .description(
      'Propose how a Go program was built, from what it says about itself; it is not run. FILE is a program, or an npm package (.tgz) whose programs are looked at.',
    )
    .argument('<file>', 'a program or a package')
    .option('--json', 'one JSON object')
    .option('--module <path>', 'the Go module, when the file does not say it')
    .option('--module-version <version>', 'its version, such as v1.2.3, when the file does not say it')
    .option('--h1 <hash>', "the module's hash, h1:…")
    .option('--package <path>', 'the main package, ./cmd/x, when the file does not say it')
    .option('--ldflags <flags>', 'the value of -ldflags, when known')
    .action(async (file: string, options: InferOptions) => {
      finish(await inferFile(file, options, io));
    });
}
