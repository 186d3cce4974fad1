/** Valid recipes, and what an esbuild-like release publishes. */
import { createHash } from 'node:crypto';
import { toBase64, utf8Encode } from '@verbatim/tlog';
import type { GoRecipe, PublishedArtifact } from '@verbatim/statements';

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
