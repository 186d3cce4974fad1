import { dirname, relative } from 'node:path';
import { isCanonicalPurl, parsePurl } from '@verbatim/statements';
import { CliError } from '../errors.ts';
import type { Io } from '../io.ts';
import type { PolicyFile } from '../policy-file.ts';
import { judgeFile } from './judge-file.ts';
import type { FileToJudge, JudgeOptions } from './judge-file.ts';
import { parseManifest } from './manifest.ts';
import { report } from './report.ts';
import type { ReportOptions } from './report.ts';
import type { FileResult, Trouble } from './result.ts';
import { STAGES } from './stages.ts';
import type { Stages } from './stages.ts';
import { troubleOf } from './trouble.ts';

export interface VerifyOptions extends Omit<JudgeOptions, 'quiet'>, ReportOptions {
  readonly policy?: string;
  readonly manifest?: string;
}

/** `verbatim verify`: judges every file, prints, and returns the exit code of the worst verdict (DESIGN §3.13). */
export async function verify(files: readonly string[], options: VerifyOptions, io: Io, stages: Stages = STAGES): Promise<number> {
  let policyFile: PolicyFile | null = null;
  const results: FileResult[] = [];
  const troubles: Trouble[] = [];
  try {
    checkUsage(files, options);
    policyFile = stages.loadPolicy(options.policy, io.env);
    for (const input of inputs(files, options, stages)) results.push(await judgeFile(input, policyFile, options, io, stages));
  } catch (error) {
    troubles.push(troubleOf(error).trouble);
  }
  return report({ results, policyFile, troubles }, options, io);
}

function inputs(files: readonly string[], { manifest }: VerifyOptions, stages: Stages): FileToJudge[] {
  if (manifest === undefined) return files.map((file) => ({ file }));
  const text = new TextDecoder('utf-8').decode(stages.readWhole(manifest));
  const lines = parseManifest(text, manifest).map(({ path, sha256 }) => ({ file: path, expected: sha256 }));
  if (files.length === 0) return lines;
  return files.map((file) => {
    const found = lines.find((line) => relative(line.file, file) === '');
    if (found === undefined) throw new CliError('usage', `${manifest} does not name ${relative(dirname(manifest), file)}`);
    return { ...found, file };
  });
}

/** Refuses what could be misunderstood, before anything is read. */
function checkUsage(
  files: readonly string[],
  { member, memberOf, members, manifest, saveBundle, bundle, offline, audit, askRebuilders, release, json, quiet }: VerifyOptions,
): void {
  if (files.length === 0 && manifest === undefined)
    throw new CliError('usage', 'name a file to verify, - for standard input, or --manifest SHA256SUMS');
  if (files.filter((file) => file === '-').length > 1) throw new CliError('usage', 'standard input can be read once');
  if (member !== undefined && (files.length !== 1 || manifest !== undefined))
    throw new CliError('usage', '--member is about one container; name exactly one file');
  if (memberOf !== undefined && member === undefined)
    throw new CliError('usage', '--member-of: say with --member PATH where in the container the file was');
  if (memberOf !== undefined && !/^(?:sha256:)?[0-9a-f]{64}$/.test(memberOf))
    throw new CliError('usage', `--member-of: expected the SHA-256 of the container in hex, found ${JSON.stringify(memberOf)}`);
  if (members !== undefined && memberOf === undefined)
    throw new CliError('usage', '--members is about a container: name it with --member-of');
  if (saveBundle !== undefined && files.length !== 1) throw new CliError('usage', '--save-bundle is about one file; name exactly one');
  if (offline && bundle === undefined) throw new CliError('usage', '--offline needs the evidence in a file: --bundle FILE');
  if (saveBundle !== undefined && bundle !== undefined)
    throw new CliError('usage', '--bundle and --save-bundle: the bundle is already there');
  if (audit && bundle !== undefined)
    throw new CliError('usage', '--audit reads the log, and --bundle does without: audit first, with log audit');
  if (askRebuilders && offline) throw new CliError('usage', '--ask-rebuilders opens sockets, and --offline forbids it');
  if (json && quiet) throw new CliError('usage', '--json and --quiet exclude each other');
  checkRelease(release);
}

/** A release is named by a canonical purl with a version, so that it can be compared byte by byte. */
export function checkRelease(release: string | undefined): void {
  if (release !== undefined && (!isCanonicalPurl(release) || parsePurl(release).version === null)) {
    throw new CliError(
      'usage',
      `--release: expected a canonical purl with a version, such as pkg:npm/esbuild@0.25.0, found ${JSON.stringify(release)}`,
    );
  }
}
