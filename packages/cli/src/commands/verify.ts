import { VERDICTS } from '@verbatim/consensus';
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import type { Finish } from '../run.ts';
import { verify } from '../verify/verify.ts';
import type { VerifyOptions } from '../verify/verify.ts';

export function configure(command: Command, io: Io, finish: Finish): void {
  command
    .description('Say whether files were reproduced: rebuilt from source, bit for bit, by enough of those whom your policy trusts.')
    .argument('[files...]', 'files to verify; - is standard input')
    .option(
      '--policy <file>',
      'whom you trust; by default $VERBATIM_POLICY, then the policy in your configuration folder, then /etc/verbatim/policy',
    )
    .option('--release <purl>', 'accept the file as this release only, such as pkg:npm/esbuild@0.25.0')
    .option('--member <path>', 'judge this member of the file, which is a container')
    .option('--manifest <file>', 'a SHA256SUMS file: the files that it names, which must also have its digests')
    .option('--bundle <file>', 'take the evidence from this file instead of the log')
    .option('--save-bundle <file>', 'write the evidence to this file, for --bundle')
    .option('--offline', 'open no socket; needs --bundle')
    .option('--json', 'print one JSON object, for every verdict')
    .option('--quiet', 'print nothing; the exit code says it')
    .option('--explain', 'print each check with what was expected and found')
    .addHelpText('after', exitCodeHelp)
    .action(async (files: string[], options: VerifyOptions) => finish(await verify(files, options, io)));
}

function exitCodeHelp(): string {
  const lines = Object.entries(VERDICTS).map(([kind, { exitCode, meaning }]) => `  ${exitCode}  ${kind.padEnd(17)} ${meaning}`);
  return `\nVerdicts and exit codes, worst first; of several files the worst counts:\n${lines.join('\n')}`;
}
