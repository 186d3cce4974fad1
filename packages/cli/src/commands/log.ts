import { ROLES } from '@verbatim/statements';
import type { Role } from '@verbatim/statements';
import { Option } from 'commander';
import type { Command } from 'commander';
import { enrol, revoke } from '../log/admin.ts';
import type { EnrolOptions, RevokeOptions } from '../log/admin.ts';
import { auditLog } from '../log/audit.ts';
import type { AuditOptions } from '../log/audit.ts';
import { printEntries } from '../log/entries.ts';
import type { EntriesOptions } from '../log/entries.ts';
import { exportLog } from '../log/export.ts';
import type { ExportOptions } from '../log/export.ts';
import { exitCodeOfLogWork, logExitCodes } from '../log/exit-code.ts';
import { fsckLog } from '../log/fsck.ts';
import type { FsckOptions } from '../log/fsck.ts';
import { exportProof } from '../log/proof.ts';
import type { ProofOptions } from '../log/proof.ts';
import type { Io } from '../io.ts';
import { configureControl } from './log-control.ts';
import type { Finish } from '../run.ts';

const collect = (value: string, before: string[] = []): string[] => [...before, value];

export function configure(command: Command, io: Io, finish: Finish): void {
  command.description('Read a log with every proof checked, or administer one.');
  named(command.command('entries'))
    .description('Print entries; each is verified to be in the tree that the log signed.')
    .option('--from <index>', 'first entry', '0')
    .option('--to <index>', 'entry after the last one; all by default')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', logExitCodes('printed'))
    .action(async (options: EntriesOptions) => finish(await exitCodeOfLogWork(io, () => printEntries(options, io))));
  named(command.command('fsck'))
    .description('Hash every entry of a log again, and compare every tile and the signed root with what follows from them.')
    .option('--any-entries', 'entries need not be statements: for logs of others')
    .option('--json', 'print one JSON object')
    .addHelpText('after', logExitCodes('sound'))
    .action(async (options: FsckOptions) => finish(await exitCodeOfLogWork(io, () => fsckLog(options, io))));
  named(command.command('export'))
    .description('Copy a log into a folder that any static server can serve, with every file verified; a copy that is there is continued.')
    .requiredOption('--to <folder>', 'an empty folder, or an earlier copy, whole or broken off')
    .option('--json', 'print one JSON object')
    .addHelpText('after', logExitCodes('whole'))
    .action(async (options: ExportOptions) => finish(await exitCodeOfLogWork(io, () => exportLog(options, io))));
  named(command.command('proof'))
    .description("Write one entry's inclusion proof, with the checkpoint and its cosignatures, as a C2SP .tlog-proof file.")
    .argument('<index>', 'the entry')
    .requiredOption('-o, --output <file>', 'where to write the proof')
    .option('--entry <file>', 'write the entry itself here')
    .addHelpText('after', logExitCodes('written'))
    .action(async (index: string, options: ProofOptions) => finish(await exitCodeOfLogWork(io, () => exportProof(index, options, io))));
  named(command.command('audit'))
    .description(
      'Rebuild the index of a log from its entries, and compare every root that the log states; go on where the last audit ended.',
    )
    .argument('[log]', "http(s)://… or a folder; the policy's log by default")
    .option('--data <folder>', 'where the rebuilt index is kept; below the state folder by default, and in memory for a folder')
    .option('--json', 'print one JSON object')
    .addHelpText('after', logExitCodes('sound'))
    .action(async (location: string | undefined, options: AuditOptions) =>
      finish(await exitCodeOfLogWork(io, () => auditLog(location, options, io))),
    );
  configureControl(command, io, finish);
  const admin = command
    .command('admin')
    .description('Change whom a log admits; every change is an entry of the log, signed by its admin key.');
  const change = (name: string, description: string): Command =>
    admin
      .command(name)
      .description(description)
      .requiredOption('--key <file>', 'private admin key of the log')
      .addOption(new Option('--role <role>', 'what the key may do').choices([...ROLES] satisfies Role[]).makeOptionMandatory())
      .requiredOption('--vkey <vkey>', 'the key that it is about')
      .option('--log <url>', "the log; the policy's by default")
      .option('--log-vkey <vkey>', "the log's own key; the policy's by default")
      .option('--policy <file>', 'a policy that names the log')
      .option('--json', 'print one JSON object')
      .addHelpText('after', logExitCodes('published'));
  change('enrol', 'Admit a key.')
    .requiredOption('--operator <name>', 'who runs or owns the key')
    .option(
      '--scope <prefix>',
      'purl prefix of a publisher (pkg:npm/esbuild), purl type of a registrar (pkg:npm/); repeat for each',
      collect,
    )
    .option('--group <name>', 'publishers of one group approve together')
    .option('--threshold <m>', 'how many of the group must sign a release', '1')
    .action(async (options: EnrolOptions) => finish(await exitCodeOfLogWork(io, () => enrol(options, io))));
  change('revoke', 'Admit a key no longer.')
    .requiredOption('--reason <text>', 'why, for everybody to read')
    .option('--compromised-since <index>', 'entry from which the key may have been in other hands')
    .action(async (options: RevokeOptions) => finish(await exitCodeOfLogWork(io, () => revoke(options, io))));
}

/** Options that say which log. */
function named(command: Command): Command {
  return command
    .option('--log <url>', "http(s)://… or file:///…; the policy's log by default")
    .option('--vkey <vkey>', "the log's key; the policy's by default")
    .option('--policy <file>', 'a policy that names the log');
}
