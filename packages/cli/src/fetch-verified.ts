import { download, npmTarball } from './download.ts';
import { CliError } from './errors.ts';
import { printable } from './io.ts';
import type { Io } from './io.ts';
import type { PolicyFile } from './policy-file.ts';
import { failedResult } from './verify/result.ts';
import type { FileResult } from './verify/result.ts';
import { judgeFile } from './verify/judge-file.ts';
import { report } from './verify/report.ts';
import { STAGES } from './verify/stages.ts';
import type { Stages } from './verify/stages.ts';
import { troubleOf } from './verify/trouble.ts';
import { checkRelease } from './verify/verify.ts';

export interface FetchOptions {
  readonly release: string;
  readonly output: string;
  readonly member?: string;
  readonly executable?: boolean;
  readonly policy?: string;
  readonly bundle?: string;
  readonly saveBundle?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly explain?: boolean;
}

/**
 * `verbatim fetch`: downloads into memory, judges, and only then writes: whenever the process dies, the file is there as before or
 * complete and reproduced. Exit codes are verify's.
 */
export async function fetchVerified(source: string, options: FetchOptions, io: Io, stages: Stages = STAGES): Promise<number> {
  if (options.json && options.quiet) throw new CliError('usage', '--json and --quiet exclude each other');
  checkRelease(options.release);
  const policyFile = stages.loadPolicy(options.policy, io.env);
  const result = await fetchOne(source, options, policyFile, io, stages);
  return report({ results: [result], policyFile, troubles: [] }, options, io);
}

async function fetchOne(source: string, options: FetchOptions, policyFile: PolicyFile, io: Io, stages: Stages): Promise<FileResult> {
  const { member, output } = options;
  try {
    const url = source.startsWith('pkg:') ? await npmTarball(source) : source;
    if (!options.quiet) io.err(`downloading ${printable(url)}\n`);
    const bytes = await download(url);
    const result = await judgeFile({ file: source, bytes }, policyFile, options, io, stages);
    if (result.verdict !== 'reproduced') return result;
    const content =
      member === undefined
        ? bytes
        : (await stages.readMembers(source, bytes, (path) => path === member)).find(({ path }) => path === member)!.bytes!;
    const { durable } = await import('@verbatim/service-kit/durable');
    await durable.writeFile(output, content, { mode: options.executable ? 0o755 : 0o644 });
    return result;
  } catch (error) {
    const { verdict, trouble } = troubleOf(error);
    return failedResult({ file: source, member: member ?? null, asked: options.release, sha256: null }, verdict, [trouble]);
  }
}
