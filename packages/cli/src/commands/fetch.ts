import type { Command } from 'commander';
import { fetchVerified } from '../fetch-verified.ts';
import type { FetchOptions } from '../fetch-verified.ts';
import type { Io } from '../io.ts';
import type { Finish } from '../run.ts';

export function configure(command: Command, io: Io, finish: Finish): void {
  command
    .description('Download a file. It is written only if it is reproduced; until then it is in memory alone.')
    .argument('<source>', 'an http(s) address, or an npm package as a purl: pkg:npm/%40esbuild/linux-x64@0.25.0')
    .requiredOption('--release <purl>', 'the release that it must be of, such as pkg:npm/esbuild@0.25.0')
    .requiredOption('-o, --output <file>', 'where to write it; replaced at once or not at all')
    .option('--member <path>', 'write and judge this member of the download, which is a container')
    .option('--executable', 'make it executable')
    .option('--policy <file>', 'whom you trust; found as verify finds it')
    .option('--bundle <file>', 'take the evidence from this file instead of the log')
    .option('--save-bundle <file>', 'write the evidence to this file')
    .option('--json', 'print one JSON object, for every verdict')
    .option('--quiet', 'print nothing; the exit code says it')
    .option('--explain', 'print each check with what was expected and found')
    .action(async (source: string, options: FetchOptions) => finish(await fetchVerified(source, options, io)));
}
