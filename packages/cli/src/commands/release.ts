import { Option } from 'commander';
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { exitCodeOfLogWork, logExitCodes } from '../log/exit-code.ts';
import { approveRelease, createRelease, submitRelease } from '../release.ts';
import type { ApproveOptions, CreateOptions, SubmitOptions } from '../release.ts';
import type { Finish } from '../run.ts';

const collect = (value: string, before: string[] = []): string[] => [...before, value];

export function configure(command: Command, io: Io, finish: Finish): void {
  command.description(
    'Register a release: say which files it has and how they are built, as its publisher or as a registrar who downloaded them.',
  );
  command
    .command('create')
    .description('Write the signed statement of a release to a file.')
    .requiredOption('--purl <purl>', 'the release, such as pkg:npm/esbuild@0.25.0')
    .requiredOption('--recipe <file>', 'how it is built (JSON)')
    .option(
      '--artifact <name=file,…>',
      'an artifact and its file, then any of coordinate=PURL (where it is published; the release by default), member=PATH and container=FILE ' +
        '(it is in this archive; leave the file empty to read it from there), target=os/arch (by default as in the recipe); repeat for each',
      collect,
    )
    .option(
      '--unpublished <name>',
      'an artifact that the recipe builds and nobody published: rebuilders say what they got; repeat for each',
      collect,
    )
    .requiredOption('--key <file>', 'private key of the claimant')
    .requiredOption('--out <file>', 'where to write the statement; an existing file is never overwritten')
    .addOption(new Option('--publisher', 'you publish it').conflicts('registrar'))
    .addOption(new Option('--registrar', 'you downloaded it from the coordinates'))
    .option('--retrieved-at <time>', 'when, as 2026-11-21T12:00:00Z; now by default')
    .option('--part <i/n>', 'this is statement i of n; a large release needs several', '1/1')
    .action(async (options: CreateOptions) => {
      await createRelease(options, io);
      finish(0);
    });
  command
    .command('approve')
    .description("Add another publisher's signature to the statement, in place or to another file.")
    .argument('<file>', 'the statement')
    .requiredOption('--key <file>', 'private key of the approving publisher')
    .option('--out <file>', 'where to write it; by default the statement is replaced')
    .action(async (file: string, options: ApproveOptions) => {
      await approveRelease(file, options, io);
      finish(0);
    });
  command
    .command('submit')
    .description('Send the statement to a log, wait until it is published, check the proof and print its index.')
    .argument('<file>', 'the statement')
    .option('--log <url>', "the log; the policy's by default")
    .option('--vkey <vkey>', "the log's key; the policy's by default")
    .option('--policy <file>', 'a policy that names the log')
    .option('--recipe <file>', 'store this recipe as a blob first; needed when it is larger than 2048 bytes')
    .option('--key <file>', 'private key that may store blobs; with --recipe')
    .option('--json', 'print one JSON object')
    .addHelpText('after', logExitCodes('published'))
    .action(async (file: string, options: SubmitOptions) => finish(await exitCodeOfLogWork(io, () => submitRelease(file, options, io))));
}
