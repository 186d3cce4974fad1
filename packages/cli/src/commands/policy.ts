import { describePolicy, tlogPart } from '@verbatim/consensus';
import type { Command } from 'commander';
import { printable } from '../io.ts';
import type { Io } from '../io.ts';
import { loadPolicy } from '../policy-file.ts';
import type { Finish } from '../run.ts';

export function configure(command: Command, io: Io, finish: Finish): void {
  command.description('The policy: whom you trust, and how many of them must agree.');
  command
    .command('show')
    .description('Say in words who is trusted with what, until when, and which file says so.')
    .option('--policy <file>', 'the file; by default the one that verify would use')
    .option('--tlog', 'print only the C2SP tlog-policy part, for programs of that ecosystem')
    .action((options: { policy?: string; tlog?: true }) => {
      const { path, policy } = loadPolicy(options.policy, io.env);
      const expired = io.now().getTime() / 1000 >= policy.expires;
      if (options.tlog) io.out(tlogPart(policy));
      else io.out([`Policy ${path}`, ...describePolicy(policy)].map((line) => `${printable(line)}\n`).join(''));
      if (expired) io.err(`verbatim: this policy has expired; verify refuses it\n`);
      finish(expired ? 2 : 0);
    });
}
