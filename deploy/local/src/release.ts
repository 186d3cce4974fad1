import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { REPOSITORY } from './processes.ts';
import { mustVerbatim } from './verbatim.ts';

const run = promisify(execFile);

/** esbuild 0.25.0 as npm serves it; its source is a Go module, its recipe is data beside this folder. */
export const RELEASE = 'pkg:npm/esbuild@0.25.0';
const RECIPE = join(REPOSITORY, 'deploy/local/releases/esbuild-0.25.0.recipe.json');
const MEMBER = 'package/bin/esbuild';
const ARTIFACTS = [
  { platform: 'linux-x64', target: 'linux/amd64' },
  { platform: 'linux-arm64', target: 'linux/arm64' },
] as const;

export interface RegisteredRelease {
  /** Entry index in the log. */
  readonly index: number;
  /** Artifact names, in the release's order. */
  readonly artifacts: readonly string[];
  /** The binary that npm published for this kind of machine, taken out of its tarball. */
  readonly publishedFile: string;
}

/**
 * Does what a registrar does: downloads the published packages through npm, says where and when, signs, submits.
 * The signed statement is kept: a second run submits the same bytes, which the log knows already.
 */
export async function registerRelease(
  { policy, key, dataDir }: { policy: string; key: string; dataDir: string },
  progress: (line: string) => void,
): Promise<RegisteredRelease> {
  const downloads = join(dataDir, 'published');
  await mkdir(downloads, { recursive: true });
  for (const { platform } of ARTIFACTS) {
    if (existsSync(binaryOf(downloads, platform))) continue;
    progress(`downloading @esbuild/${platform}@0.25.0 through npm`);
    await run('npm', ['pack', '--silent', '--pack-destination', downloads, `@esbuild/${platform}@0.25.0`]);
    await mkdir(join(downloads, platform), { recursive: true });
    await run('tar', ['-xzf', containerOf(downloads, platform), '-C', join(downloads, platform), MEMBER]);
  }
  const statement = join(dataDir, 'esbuild-0.25.0.release.json');
  if (!existsSync(statement)) {
    await mustVerbatim([
      ...['release', 'create', '--registrar', '--key', key, '--purl', RELEASE, '--recipe', RECIPE, '--out', statement],
      ...ARTIFACTS.flatMap(({ platform, target }) => [
        '--artifact',
        [
          `${platform}/bin/esbuild=${binaryOf(downloads, platform)}`,
          `target=${target}`,
          `coordinate=pkg:npm/%40esbuild/${platform}@0.25.0`,
          `member=${MEMBER}`,
          `container=${containerOf(downloads, platform)}`,
        ].join(','),
      ]),
    ]);
  }
  const { index } = JSON.parse(await mustVerbatim(['release', 'submit', '--policy', policy, '--json', statement])) as { index: number };
  progress(`registered ${RELEASE} with ${ARTIFACTS.length} artifacts, as entry ${index} of the log`);
  return {
    index,
    artifacts: ARTIFACTS.map(({ platform }) => `${platform}/bin/esbuild`),
    publishedFile: binaryOf(downloads, process.arch === 'arm64' ? 'linux-arm64' : 'linux-x64'),
  };
}

function containerOf(downloads: string, platform: string): string {
  return join(downloads, `esbuild-${platform}-0.25.0.tgz`);
}

function binaryOf(downloads: string, platform: string): string {
  return join(downloads, platform, MEMBER);
}
