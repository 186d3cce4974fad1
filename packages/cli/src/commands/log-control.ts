import { Option } from 'commander';
import type { Command } from 'commander';
import { signAdmission, signFreeze, signRotation, signSuccessor } from '../log/control.ts';
import type { AdmissionOptions, FreezeOptions, RotateOptions, SuccessorOptions } from '../log/control.ts';
import { exitCodeOfLogWork, logExitCodes } from '../log/exit-code.ts';
import { printStatus } from '../log/status.ts';
import type { StatusOptions } from '../log/status.ts';
import { submitEntry } from '../log/submit-entry.ts';
import type { SubmitEntryOptions } from '../log/submit-entry.ts';
import type { Io } from '../io.ts';
import type { Finish } from '../run.ts';

/** The commands for the life of a log: signed offline with the root key, submitted from anywhere. */
export function configureControl(command: Command, io: Io, finish: Finish): void {
  command
    .command('status')
    .description('Say what holds of a log, by control entries that its root key signed: keys, freeze, successor, policy of admission.')
    .option('--log <url>', "http(s)://… or file:///…; the policy's log by default")
    .option('--vkey <vkey>', "the log's key; the policy's by default")
    .option('--root <vkey>', "the log's root key; the policy's by default")
    .option('--policy <file>', 'a policy that names the log')
    .option('--json', 'print one JSON object')
    .addHelpText('after', logExitCodes('printed, and proved to be all'))
    .action(async (options: StatusOptions) => finish(await exitCodeOfLogWork(io, () => printStatus(options, io))));
  const signing = (name: string, description: string): Command =>
    command
      .command(name)
      .description(`${description} Signs and writes the entry, and needs no network.`)
      .requiredOption('--key <file>', 'private root key of the log')
      .requiredOption('--out <file>', 'where to write the entry; an existing file is never overwritten')
      .option('--json', 'print one JSON object');
  signing('freeze', 'End a log: nothing is admitted any more but rotations and a successor.')
    .requiredOption('--origin <origin>', 'the log')
    .requiredOption('--reason <text>', 'why, for everybody to read')
    .action(async (options: FreezeOptions) => {
      await signFreeze(options, io);
      finish(0);
    });
  signing('rotate', 'Replace a key of a log.')
    .requiredOption('--origin <origin>', 'the log')
    .addOption(new Option('--of <office>', 'which key').choices(['log', 'root', 'admin']).makeOptionMandatory())
    .requiredOption('--old <vkey>', 'the key that is replaced')
    .requiredOption('--new-key <file>', 'the private key that replaces it, which signs as well; a log key is named like the origin')
    .addHelpText(
      'after',
      '\nA log key: the log must run with next_key_file before the entry is submitted. A root key: --key is the old one.',
    )
    .action(async (options: RotateOptions) => {
      await signRotation(options, io);
      finish(0);
    });
  signing('successor', 'Name the log that goes on from this one, as it is; freeze it first.')
    .requiredOption('--checkpoint <file>', 'the newest checkpoint of the log: it goes on from that size and root')
    .requiredOption('--vkey <vkey>', 'the log’s key, which signed the checkpoint')
    .requiredOption('--successor-vkey <vkey>', 'the log key of the successor, named like its origin')
    .requiredOption('--successor-root-vkey <vkey>', 'the root key of the successor')
    .requiredOption('--url <url>', 'where the successor is read, http(s)://…/')
    .action(async (options: SuccessorOptions) => {
      await signSuccessor(options, io);
      finish(0);
    });
  signing('admission', 'Say what a log admits, in place of what was said before.')
    .requiredOption('--origin <origin>', 'the log')
    .option('--claims <kinds>', 'whose releases: publisher, registrar, both with a comma, or none', 'publisher,registrar')
    .option('--attempts <n>', 'most attempts of one key at one artifact of one release', '1000000')
    .option('--approvals <n>', 'fewest approvals of a publisher’s release, whatever its group demands', '1')
    .action(async (options: AdmissionOptions) => {
      await signAdmission(options, io);
      finish(0);
    });
  command
    .command('submit')
    .description('Send a signed entry to a log, wait until it is published, check the proof and print its index.')
    .argument('<file>', 'the entry')
    .option('--log <url>', "the log; the policy's by default")
    .option('--vkey <vkey>', "the log's key; the policy's by default")
    .option('--policy <file>', 'a policy that names the log')
    .option('--json', 'print one JSON object')
    .addHelpText('after', logExitCodes('published'))
    .action(async (file: string, options: SubmitEntryOptions) => finish(await exitCodeOfLogWork(io, () => submitEntry(file, options, io))));
}
