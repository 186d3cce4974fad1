import { createKeyFile } from '@verbatim/service-kit/keyfile';
import { isKeyName } from '@verbatim/tlog';
import { Option } from 'commander';
import type { Command } from 'commander';
import { CliError } from '../errors.ts';
import type { Io } from '../io.ts';
import type { Finish } from '../run.ts';

/** Signature types of C2SP signed-note: what a witness signs with has a type of its own. */
const TYPES = { statement: 0x01, witness: 0x04 } as const;

export function configure(command: Command, io: Io, finish: Finish): void {
  command
    .description('Make an Ed25519 key. The private key goes to FILE (readable by you alone), the public one to FILE.pub and to stdout.')
    .requiredOption('--name <name>', 'name of the key, as it stands in policies: no spaces, no plus signs')
    .requiredOption('--out <file>', 'where to put it; an existing file is never overwritten')
    .addOption(new Option('--type <type>', 'what it signs').choices(Object.keys(TYPES)).default('statement'))
    .action(async (options: { name: string; out: string; type: keyof typeof TYPES }) => {
      if (!isKeyName(options.name))
        throw new CliError(
          'usage',
          `--name: expected a name without spaces, plus signs and control characters, found ${JSON.stringify(options.name)}`,
        );
      const { vkey } = await createKeyFile(options.out, options.name, { type: TYPES[options.type] });
      io.err(`private key in ${options.out} (keep it), public key in ${options.out}.pub\n`);
      io.out(`${vkey}\n`);
      finish(0);
    });
}
