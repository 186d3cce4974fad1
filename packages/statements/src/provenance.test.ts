import { aGoRecipe, aRelease, anObservation, testSigner } from '@verbatim/testkit';
import { toHex, utf8Decode } from '@verbatim/tlog';
import { describe, expect, test } from 'vitest';
import { encodeCanonicalJson } from './json.ts';
import { slsaProvenance, type RebuildFacts } from './provenance.ts';
import { recipeDigest } from './recipe.ts';

const leafHash = new Uint8Array(32).fill(3);
const release = aRelease();
const { predicate } = anObservation({ origin: 'log.example/test', release, index: 5, leafHash, rebuilder: testSigner('acme-1') });
const facts: RebuildFacts = { ...predicate, purl: release.predicate.purl, observed: predicate.observed!, recipe: aGoRecipe() };
const hex = (h1: string): string => Buffer.from(h1.slice(3), 'base64').toString('hex');
const read = (bytes: Uint8Array) =>
  JSON.parse(utf8Decode(bytes)) as {
    subject: unknown;
    predicate: {
      buildDefinition: { resolvedDependencies: Record<string, unknown>[] } & Record<string, unknown>;
      runDetails: Record<string, unknown>;
    };
  } & Record<string, unknown>;

describe('SLSA provenance of a rebuild', () => {
  const statement = read(slsaProvenance(facts));

  test('is an in-toto statement about the observed file, in canonical JSON', () => {
    expect(statement).toMatchObject({ _type: 'https://in-toto.io/Statement/v1', predicateType: 'https://slsa.dev/provenance/v1' });
    expect(statement.subject).toEqual([{ name: 'linux-x64/bin/esbuild', digest: predicate.observed }]);
    expect(slsaProvenance(facts)).toEqual(encodeCanonicalJson(statement));
  });

  test('holds facts of this rebuild, and none of the observation’s verdict', () => {
    const { buildDefinition, runDetails } = statement.predicate;
    expect(Object.keys(buildDefinition)).toEqual(['buildType', 'externalParameters', 'internalParameters', 'resolvedDependencies']);
    expect(buildDefinition).toMatchObject({
      buildType: 'urn:verbatim:recipe:go:v1',
      externalParameters: { purl: 'pkg:npm/esbuild@0.25.0', recipe: aGoRecipe() },
      internalParameters: { platform: predicate.platform, sandbox: predicate.sandbox },
    });
    expect(runDetails).toEqual({
      builder: { id: `urn:verbatim:rebuilder:${predicate.rebuilder}` },
      metadata: {
        invocationId: 'log.example/test/5/linux-x64/bin/esbuild/1',
        startedOn: predicate.started,
        finishedOn: predicate.finished,
      },
      byproducts: [{ name: 'release-entry', digest: { sha256: toHex(leafHash) } }],
    });
  });

  test('names source, toolchains and recipe by digest', () => {
    const [source, toolchain, recipe] = statement.predicate.buildDefinition.resolvedDependencies;
    const { h1 } = aGoRecipe().source as { h1: string };
    expect(source).toEqual({ uri: 'pkg:golang/github.com/evanw/esbuild@v0.25.0', digest: { dirHash1: hex(h1) } });
    expect(toolchain).toEqual({
      uri: 'pkg:generic/go@go1.23.5?host=linux%2Famd64',
      digest: { dirHash1: hex(predicate.toolchain[0]!.digest) },
    });
    expect(recipe).toEqual({ name: 'recipe', digest: { sha256: recipeDigest(aGoRecipe()) } });
  });

  test('names a git source by its commit, and a toolchain by its sha256', () => {
    const commit = 'a'.repeat(40);
    const recipe = aGoRecipe({ source: { kind: 'git', url: 'https://git.example/x', commit } });
    const toolchain = [{ name: 'go', version: 'go1.23.5', host: 'linux/amd64', digest: `sha256:${'b'.repeat(64)}` }];
    const { resolvedDependencies } = read(slsaProvenance({ ...facts, recipe, toolchain })).predicate.buildDefinition;
    expect(resolvedDependencies[0]).toEqual({ uri: `git+https://git.example/x@${commit}`, digest: { gitCommit: commit } });
    expect(resolvedDependencies[1]).toMatchObject({ digest: { sha256: 'b'.repeat(64) } });
  });
});
