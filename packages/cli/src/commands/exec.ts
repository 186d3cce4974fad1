import type { Command } from 'commander';
import { execVerified } from '../exec-verified.ts';
import type { ExecOptions } from '../exec-verified.ts';
import type { Io } from '../io.ts';
import type { Finish } from '../run.ts';

export function configure(command: Command, io: Io, finish: Finish): void {
  command
    .description(
      'Run a program if it is reproduced: exactly the bytes that were verified. Ends as the program ends, and with 125 when it was not started.',
    )
    // Not requiredOption: that is checked first, and an unknown option ends the reading of options, so that --release would be missed in its place.
    .option('--release <purl>', 'the release that it must be of, such as pkg:npm/esbuild@0.25.0')
    .argument('<file>', 'the program; put -- in front of it')
    .argument('[args...]', 'its arguments')
    .option('--policy <file>', 'whom you trust; found as verify finds it')
    .option('--bundle <file>', 'take the evidence from this file instead of the log')
    .option('--offline', 'open no socket for the check; needs --bundle')
    .option('--explain', 'print each check on standard error')
    .passThroughOptions()
    .action(async (file: string, args: string[], { release, ...options }: Partial<ExecOptions>) => {
      if (release === undefined) command.error("error: required option '--release <purl>' not specified");
      finish(await execVerified(file, args, { release, ...options }, io));
    });
}
