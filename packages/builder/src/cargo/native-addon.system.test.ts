import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CargoRecipe } from '@verbatim/statements';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { build } from '../build.ts';
import { digestFile } from '../digest.ts';
import { fetchInputs, type FetchOutcome } from '../fetch.ts';
import { planBuild } from '../plan.ts';
import { removeTree } from '../remove-tree.ts';
import { detectSandbox } from '../sandbox/detect.ts';
import { limitsOf } from '../sandbox/limits.ts';
import { HOST, toyRecipe, toyRepository } from './_toy.ts';

/** gcc 4.8.5 and glibc 2.17, as publishers of native addons for Node have them: a package of the npm registry. */
const CROSS_TOOLS = {
  name: '@napi-rs/cross-toolchain-x64-target-x86_64',
  version: '1.0.0',
  sha256: '351f6ee9bc8e444dfb8ac6eddfe9daed02c9508399bd20c511e3f9e027d6e988',
  archive: 'x86_64-unknown-linux-gnu.tar.xz',
  folder: '.',
};
const REGISTRY = '/home/runner/.cargo/registry/src/index-1949cf8c6b5b557f';

let root: string;
let recipe: CargoRecipe;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'verbatim-addon-'));
  const tools = {
    kind: 'npm',
    packages: { 'linux/amd64': CROSS_TOOLS },
    cc: 'x86_64-unknown-linux-gnu-gcc',
    ar: 'x86_64-unknown-linux-gnu-ar',
  };
  recipe = await toyRecipe(toyRepository(join(root, 'toy')), {
    c: tools,
    // One-sided: what the publisher's registry folder was called. The workspace's own paths are relative anyway.
    remaps: [{ from: 'vendor', to: REGISTRY }],
    profile: { name: 'release', codegenUnits: 1 },
    strip: ['--strip-all'],
    outputs: [{ artifact: 'addon.linux-x64-gnu.node', target: 'x86_64-unknown-linux-gnu', crateType: 'cdylib', name: 'addon' }],
  });
});
afterAll(() => removeTree(root));

async function fetching(own: CargoRecipe): Promise<FetchOutcome> {
  const workDir = await temporaryFolder();
  return fetchInputs({ recipe: own, forbidden: [], cacheDir: join(root, 'cache'), workDir, gitProtocols: ['file'] });
}

test('a native addon of a pinned commit is linked by a toolchain from npm, under the publisher’s registry path', async () => {
  const outcome = await fetching(recipe);
  // The package's programs run on one kind of host.
  if (HOST !== 'linux/amd64') return expect(outcome).toMatchObject({ kind: 'unavailable', reason: 'toolchain-unavailable' });
  if (outcome.kind === 'unavailable') throw new Error(outcome.detail);
  await using inputs = outcome;
  expect(inputs.toolchains.map(({ name, version }) => `${name} ${version}`)).toEqual([expect.stringMatching(/^rust /), 'cc 1.0.0']);
  expect(inputs.toolchains[1]!.digest).toBe(`sha256:${CROSS_TOOLS.sha256}`);
  const digests: string[] = [];
  let addon = '';
  for (const cpus of [1, 2]) {
    const [workDir, outDir] = [await temporaryFolder(), await temporaryFolder()];
    const plan = planBuild(recipe, 'addon.linux-x64-gnu.node', { platform: HOST, cpus });
    const built = await build({
      plan,
      fetched: inputs,
      sandbox: await detectSandbox(),
      limits: limitsOf({ wallSeconds: 300 }),
      workDir,
      outDir,
    });
    if (built.kind !== 'built') throw new Error(`${built.detail}\n${readFileSync(built.log.path, 'utf8')}`);
    digests.push((await digestFile(built.outputPath)).sha256);
    addon = readFileSync(built.outputPath, 'latin1');
  }
  expect(digests[1]).toBe(digests[0]);
  // crosstool's crt objects, and nothing of this machine's.
  expect([...addon.matchAll(/GCC: \([^)]*\) [0-9.]+/g)].map(([text]) => text)).toEqual(['GCC: (crosstool-NG 1.24.0.388_94b98a4) 4.8.5']);
  expect([`${REGISTRY}/memchr-2.7.4/`, '/build/'].map((path) => addon.includes(path))).toEqual([true, false]);
});

test.each([
  ['another digest than the recipe’s', { sha256: 'f'.repeat(64) }, 'checksum-mismatch'],
  ['no such archive', { archive: 'other.tar.xz' }, 'malformed-archive'],
])('a package with %s is refused', async (_, changes, reason) => {
  if (recipe.c.kind !== 'npm') throw new Error(recipe.c.kind);
  const own = { ...recipe, c: { ...recipe.c, packages: { [HOST]: { ...CROSS_TOOLS, ...changes } } } };
  expect(await fetching(own)).toMatchObject({ kind: 'unavailable', reason });
});
