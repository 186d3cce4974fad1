/** Valid recipes, and what an esbuild-like release publishes. */
import { createHash } from 'node:crypto';
import { toBase64, utf8Encode } from '@verbatim/tlog';
import type { CargoRecipe, GoRecipe, PublishedArtifact } from '@verbatim/statements';

/** An h1: checksum of nothing in particular. */
export function testH1(seed: string): string {
  return `h1:${toBase64(new Uint8Array(createHash('sha256').update(seed).digest()))}`;
}

export function digestsOf(bytes: Uint8Array): { readonly sha256: string; readonly sha512: string } {
  const digest = (algorithm: string): string => createHash(algorithm).update(bytes).digest('hex');
  return { sha256: digest('sha256'), sha512: digest('sha512') };
}

/** Stand-in content of the artifact `name`: what the publisher published. */
export const contentOf = (name: string): Uint8Array => utf8Encode(`content of ${name}`);

/** An artifact with digests of `content`, published as a member of an npm tarball. */
export function anArtifact(overrides: Partial<PublishedArtifact> & { readonly content?: Uint8Array } = {}): PublishedArtifact {
  const { content, ...rest } = overrides;
  const name = rest.name ?? 'linux-x64/bin/esbuild';
  const [folder = name] = name.split('/');
  const container = `${folder}-0.25.0.tgz`;
  return {
    name,
    target: 'linux/amd64',
    coordinate: `pkg:npm/%40esbuild/${folder}@0.25.0`,
    member: { path: 'package/bin/esbuild', container: { name: container, ...digestsOf(contentOf(container)) } },
    ...digestsOf(content ?? contentOf(name)),
    ...rest,
  };
}

export const aGoVcs: NonNullable<GoRecipe['vcs']> = {
  revision: 'e9174d671b1882758cd32ac5e146200f5bee3e45',
  time: '2025-02-08T03:01:26Z',
  modified: false,
  tag: null,
  provenance: 'adopted',
};

export function aGoRecipe(overrides: Partial<GoRecipe> = {}): GoRecipe {
  return {
    kind: 'go',
    version: 1,
    source: { kind: 'go-module', module: 'github.com/evanw/esbuild', version: 'v0.25.0', h1: testH1('esbuild') },
    toolchain: { version: 'go1.23.5', h1: { 'linux/amd64': testH1('go1.23.5') } },
    package: './cmd/esbuild',
    flags: ['-trimpath', '-buildvcs=true'],
    ldflags: '-s -w',
    tags: [],
    env: { CGO_ENABLED: '0' },
    vcs: aGoVcs,
    outputs: [{ artifact: 'linux-x64/bin/esbuild', goos: 'linux', goarch: 'amd64', env: {} }],
    ...overrides,
  };
}

/** A recipe of more than 2048 bytes, so that it has to be a blob. */
export function aLargeRecipe(overrides: Partial<GoRecipe> = {}): GoRecipe {
  return aGoRecipe({
    ldflags: `-s -w ${Array.from({ length: 80 }, (_, index) => `-X main.setting${index}=value-${index}`).join(' ')}`,
    ...overrides,
  });
}

/** A recipe of kind cargo that nobody built, with changes. */
export function aCargoRecipe(changes: Partial<Record<keyof CargoRecipe, unknown>> = {}): CargoRecipe {
  return {
    kind: 'cargo',
    version: 1,
    source: { kind: 'crate', name: 'sd', version: '1.0.0', sha256: '7'.repeat(64) },
    directory: '.',
    lock: null,
    toolchain: {
      kind: 'dist',
      version: '1.95.0',
      commit: '59807616e1fa2540724bfbac14d7976d7e4a3860',
      manifest: null,
      digests: { 'linux/amd64': `sha256:${'a'.repeat(64)}` },
    },
    c: { kind: 'host' },
    package: 'sd',
    features: ['color', 'dep/inner'],
    defaultFeatures: true,
    profile: { name: 'release', lto: 'thin', codegenUnits: 1 },
    rustflags: ['-Ctarget-cpu=x86-64-v2', '-Clink-arg=-s', '-Clink-arg=-Wl,--build-id=none'],
    remaps: [
      { from: 'source', to: '/src' },
      { from: 'vendor', to: '/usr/local/cargo/registry/src/index-1949cf8c6b5b557f' },
    ],
    env: { SD_BUILD: 'release 1.0.0' },
    sourceDateEpoch: 1_700_000_000,
    hostTriple: 'x86_64-unknown-linux-gnu',
    strip: ['--strip-all'],
    outputs: [{ artifact: 'sd', target: 'x86_64-unknown-linux-gnu', crateType: 'bin', name: 'sd' }],
    ...changes,
  } as CargoRecipe;
}
