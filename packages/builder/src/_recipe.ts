import { decodeRecipe, encodeRecipe, type GoRecipe } from '@verbatim/statements';

const REVISION = 'e9174d671b1882758cd32ac5e146200f5bee3e45';

/** A valid recipe, with changes. */
export function recipeWith(changes: Partial<GoRecipe> = {}): GoRecipe {
  const recipe: GoRecipe = {
    kind: 'go',
    version: 1,
    source: {
      kind: 'go-module',
      module: 'github.com/evanw/esbuild',
      version: 'v0.25.0',
      h1: 'h1:jRR9D1pfdb669VzdN4w0jwsDfrKE098nKMaDMKvMPyU=',
    },
    toolchain: { version: 'go1.23.5', h1: { 'linux/amd64': 'h1:Te4KCqBgVdpgo5znvhXhoZzvAIVRvPW1aM/m2o80MIM=' } },
    package: './cmd/esbuild',
    flags: ['-trimpath', '-buildvcs=true'],
    ldflags: '-s -w',
    tags: [],
    env: { CGO_ENABLED: '0' },
    vcs: { revision: REVISION, time: '2025-02-08T03:01:26Z', modified: false, tag: null, provenance: 'adopted' },
    outputs: [
      { artifact: 'linux-x64/bin/esbuild', goos: 'linux', goarch: 'amd64', env: { GOAMD64: 'v1' } },
      { artifact: 'linux-arm64/bin/esbuild', goos: 'linux', goarch: 'arm64', env: {} },
    ],
    ...changes,
  };
  return decodeRecipe(encodeRecipe(recipe)) as GoRecipe;
}
