import { VERDICTS } from '@verbatim/consensus';
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import type { Finish } from '../run.ts';
import { VERIFY_OPTIONS } from '../verify/options.ts';
import { verify } from '../verify/verify.ts';
import type { VerifyOptions } from '../verify/verify.ts';

export function configure(command: Command, io: Io, finish: Finish): void {
  command
    .description('Say whether files were reproduced: rebuilt from source, bit for bit, by enough of those whom your policy trusts.')
    .argument('[files...]', 'files to verify; - is standard input')
    .addHelpText('after', exitCodeHelp)
    .action(async (files: string[], options: VerifyOptions) => finish(await verify(files, options, io)));
  for (const { name, value, help } of VERIFY_OPTIONS) command.option(`--${name}${value === undefined ? '' : ` <${value}>`}`, help);
}

function exitCodeHelp(): string {
  const lines = Object.entries(VERDICTS).map(([kind, { exitCode, meaning }]) => `  ${exitCode}  ${kind.padEnd(17)} ${meaning}`);
  return `\nVerdicts and exit codes, worst first; of several files the worst counts:\n${lines.join('\n')}`;
}
