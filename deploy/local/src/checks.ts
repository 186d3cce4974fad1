import { createHash } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MainRelease } from './release.ts';
import { verbatim } from './verbatim.ts';

/** One file that the client judged. */
export interface Check {
  readonly name: string;
  readonly file: string;
  /** `sha256:<hex>` */
  readonly digest: string;
  readonly verdict: string;
  readonly exitCode: number;
  /** Path of the offline bundle, for the reproduced file. */
  readonly bundle: string | null;
  readonly expected: string;
  /** What the command printed for people. */
  readonly text: string;
}

/** The published file, the same with one byte changed, and a file that nobody logged; each judged by `verbatim verify`. */
export async function runChecks({ name, purl }: MainRelease, publishedFile: string, policy: string, dataDir: string): Promise<Check[]> {
  const changed = join(dataDir, `${name}-one-byte-changed`);
  const bytes = await readFile(publishedFile);
  bytes[bytes.length >> 1]! ^= 1;
  await writeFile(changed, bytes);
  await chmod(changed, 0o644);
  const stranger = join(dataDir, 'never-logged');
  await writeFile(stranger, 'Nobody ever logged this file.\n');
  return [
    await check('published', publishedFile, 'reproduced', policy, ['--release', purl], join(dataDir, `${name}.bundle.json`)),
    await check('one byte changed', changed, 'unknown-file', policy, ['--release', purl]),
    await check('never logged', stranger, 'unknown-file', policy, []),
  ];
}

async function check(
  name: string,
  file: string,
  expected: string,
  policy: string,
  more: readonly string[],
  bundle?: string,
): Promise<Check> {
  const saving = bundle === undefined ? [] : ['--save-bundle', bundle];
  const json = await verbatim(['verify', '--json', '--policy', policy, ...more, ...saving, file]);
  const report = JSON.parse(json.stdout) as { results: { sha256: string; verdict: string; exitCode: number }[] };
  const result = report.results[0];
  if (result === undefined || result.exitCode !== json.exitCode)
    throw new Error(`verify ${file}: exit ${json.exitCode} does not fit ${json.stdout}${json.stderr}`);
  const digest = createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
  if (digest !== result.sha256) throw new Error(`verify ${file}: expected digest ${digest}, found ${result.sha256}`);
  const { stdout: text } = await verbatim(['verify', '--policy', policy, ...more, file]);
  return {
    name,
    file,
    digest: `sha256:${digest}`,
    verdict: result.verdict,
    exitCode: json.exitCode,
    bundle: bundle ?? null,
    expected,
    text,
  };
}
