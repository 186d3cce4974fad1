import { decodeRecipe, encodeRecipe, type GoToolchainRecipe } from '@verbatim/statements';
import { expect, test } from 'vitest';
import { planBuild } from '../plan.ts';

const H1 = 'h1:Te4KCqBgVdpgo5znvhXhoZzvAIVRvPW1aM/m2o80MIM=';
const SAME = {
  kind: 'same-version',
  flags: ['-trimpath', '-gcflags=cmd/...=-dwarf=false'],
  ldflags: '-w',
  programs: ['go', 'link'],
} as const;

function recipeWith(changes: Partial<GoToolchainRecipe> = {}): GoToolchainRecipe {
  const recipe: GoToolchainRecipe = {
    kind: 'go-toolchain',
    version: 1,
    source: { kind: 'go-module', module: 'golang.org/toolchain', version: 'v0.0.1-go1.23.5.linux-amd64', h1: H1 },
    method: { kind: 'bootstrap' },
    toolchain: { version: 'go1.26.8', h1: { 'linux/amd64': H1 } },
    outputs: [{ artifact: 'toolchain.zip', goos: 'linux', goarch: 'arm64' }],
    ...changes,
  };
  return decodeRecipe(encodeRecipe(recipe)) as GoToolchainRecipe;
}

const host = { platform: 'linux/amd64', cpus: 2 };
const scriptOf = (recipe: GoToolchainRecipe): string[] => {
  const plan = planBuild(recipe, 'toolchain.zip', host);
  expect(plan.argv).toEqual(['/bin/sh', '/build/bin/build']);
  return plan.files
    .find(({ path }) => path === '/build/bin/build')!
    .text.trim()
    .split('\n')
    .slice(2);
};
const same = (changes: Partial<GoToolchainRecipe> = {}): GoToolchainRecipe =>
  recipeWith({ method: SAME, toolchain: { version: 'go1.23.5', h1: {} }, ...changes });

test('a bootstrapped toolchain is made and packed by its own scripts, in a copy of the source', () => {
  const plan = planBuild(recipeWith(), 'toolchain.zip', host);
  expect(plan).toMatchObject({ target: 'linux/arm64', env: { GOOS: 'linux', GOARCH: 'arm64', GOTOOLCHAIN: 'local' } });
  expect(plan.mounts).toContainEqual({ kind: 'copy', input: 'source', path: '/build/goroot' });
  expect(plan.programs).toContain('bash');
  expect(scriptOf(recipeWith())).toEqual([
    `(cd '/build/goroot/src' && GOROOT_BOOTSTRAP='/build/go' 'bash' './make.bash' '-distpack')`,
    `'cp' '/build/goroot/pkg/distpack/v0.0.1-go1.23.5.linux-arm64.zip' '/build/out/artifact'`,
  ]);
});

test('the same version builds the programs alone, where distpack looks for those of another platform', () => {
  const [go, link, distpack, pack] = scriptOf(same());
  expect(go).toContain(`'-o' '/build/goroot/bin/linux_arm64/go' '-trimpath' '-gcflags=cmd/...=-dwarf=false' '-ldflags=-w' 'cmd/go'`);
  expect(link).toContain(`'-o' '/build/goroot/pkg/tool/linux_arm64/link'`);
  // It runs here.
  expect(distpack).toContain(`GOOS='linux' GOARCH='amd64'`);
  expect(pack).toBe(`GOROOT='/build/goroot' '/tmp/distpack'`);
});

test('no toolchain is built by itself', () => {
  const outputs = [{ artifact: 'toolchain.zip', goos: 'linux', goarch: 'amd64' }];
  expect(() => planBuild(same({ outputs }), 'toolchain.zip', host)).toThrow(/a host other than linux\/amd64/);
  expect(() => same({ toolchain: { version: 'go1.26.8', h1: {} } })).toThrow(/expected go1\.23\.5, the version of the source/);
  expect(() => recipeWith({ toolchain: { version: 'go1.23.5', h1: {} } })).toThrow(/another version to begin with/);
});

test('only the module golang.org/toolchain is a toolchain’s source', () => {
  const source = { kind: 'go-module', module: 'golang.org/toolchain', version: 'v0.0.1-go1.23.5.linux-amd64', h1: H1 } as const;
  expect(() => recipeWith({ source: { ...source, module: 'example.com/toolchain' } })).toThrow(/expected golang\.org\/toolchain/);
  expect(() => recipeWith({ source: { ...source, version: 'v0.0.1-go1.23rc1.linux-amd64' } })).toThrow(/expected golang\.org\/toolchain/);
});
