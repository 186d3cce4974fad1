import { aGoRecipe, aLargeRecipe, aRelease, anArtifact, testH1 } from '@verbatim/testkit';
import { describe, expect, test } from 'vitest';
import { changed, outcome } from './_refusals.ts';
import { encodeRecipe } from './recipe.ts';
import { recipeOf, checkRecipe } from './release-recipe.ts';
import { artifactNames, claimedDigests, type ReleaseStatement } from './release.ts';
import { encodeStatement } from './statement.ts';

const release = aRelease();
const two = aRelease({ artifacts: [anArtifact(), anArtifact({ name: 'linux-arm64/bin/esbuild', target: 'linux/arm64' })] });
const large = aRelease({ recipe: aLargeRecipe() });
const encode = (value: unknown): string => outcome(() => encodeStatement(value as ReleaseStatement));
const many = (count: number): ReleaseStatement =>
  aRelease({ artifacts: Array.from({ length: count }, (_, i) => anArtifact({ name: `a${i}` })), recipe: aLargeRecipe() });
const { member: _, ...plain } = anArtifact({ coordinate: 'pkg:generic/tool@1?download_url=https%3A%2F%2Ffiles.example%2Ftool' });

describe('a release', () => {
  test.each<[string, ReleaseStatement]>([
    ['one artifact of a container', release],
    ['several', two],
    ['an artifact that is published as it is', aRelease({ artifacts: [plain] })],
    ['a publisher', aRelease({ claim: { kind: 'publisher' } })],
    ['parts', aRelease({ part: { index: 2, of: 256 } })],
    ['a recipe that is a blob', large],
    ['unpublished artifacts too', aRelease({ unpublished: [{ name: 'b', target: 'linux/arm64' }] })],
    [
      'unpublished artifacts only',
      aRelease({ artifacts: [], claim: { kind: 'publisher' }, unpublished: [{ name: 'b', target: 'linux/arm64' }] }),
    ],
    [
      'more tools',
      aRelease({
        toolchain: [
          { name: 'go', version: 'go1.23.5' },
          { name: 'upx', version: '4.2' },
        ],
      }),
    ],
  ])('may have %s', (__, value) => {
    expect(encode(value)).toBe('accepted');
  });

  test.each<[string, string, unknown, string]>([
    ['another statement type', '_type', 'https://in-toto.io/Statement/v0.1', 'bad-schema _type'],
    ['an unknown key', 'extra', 1, 'bad-schema'],
    ['an unknown key in its predicate', 'predicate.extra', 1, 'bad-schema predicate'],
    ['an unknown key in a digest', 'subject[0].digest.md5', 'x', 'bad-schema subject[0].digest'],
    ['no sha512', 'subject[0].digest.sha512', undefined, 'bad-schema subject[0].digest.sha512'],
    ['a subject that climbs', 'subject[0].name', '../x', 'bad-schema subject[0].name'],
    ['a subject of another name', 'subject[0].name', 'other', 'inconsistent subject[0].name'],
    ['no subject', 'subject', [], 'inconsistent subject'],
    ['no artifact', 'predicate.artifacts', [], 'inconsistent predicate.artifacts'],
    ['a purl without a version', 'predicate.purl', 'pkg:npm/esbuild', 'bad-schema predicate.purl'],
    ['a purl in another spelling', 'predicate.purl', 'pkg:npm/Esbuild@0.25.0', 'bad-schema predicate.purl'],
    ['part 0', 'predicate.part.index', 0, 'bad-schema predicate.part.index'],
    ['part 2 of 1', 'predicate.part.index', 2, 'inconsistent predicate.part'],
    ['257 parts', 'predicate.part.of', 257, 'bad-schema predicate.part.of'],
    ['another kind of claim', 'predicate.claim', { kind: 'rumour' }, 'bad-schema predicate.claim.kind'],
    ['a publisher that downloaded', 'predicate.claim.kind', 'publisher', 'bad-schema predicate.claim'],
    ['a registrar that did not download', 'predicate.claim.retrieved', [], 'bad-schema predicate.claim.retrieved'],
    [
      'a registrar that downloaded something else',
      'predicate.claim.retrieved[0].uri',
      'pkg:npm/other@1',
      'inconsistent predicate.claim.retrieved',
    ],
    ['a download from a file', 'predicate.claim.retrieved[0].uri', 'file:///x', 'bad-schema predicate.claim.retrieved[0].uri'],
    ['a download at no time', 'predicate.claim.retrieved[0].at', 'yesterday', 'bad-schema predicate.claim.retrieved[0].at'],
    ['a source of another kind', 'predicate.source.kind', 'tarball', 'bad-schema predicate.source.kind'],
    [
      'a source over http',
      'predicate.source',
      { kind: 'git', url: 'http://git.example/', commit: 'a'.repeat(40) },
      'bad-schema predicate.source.url',
    ],
    [
      'a source at a branch',
      'predicate.source',
      { kind: 'git', url: 'https://git.example/', commit: 'main' },
      'bad-schema predicate.source.commit',
    ],
    ['another source than the recipe', 'predicate.source.h1', testH1('other'), 'wrong-recipe predicate.source'],
    ['no toolchain', 'predicate.toolchain', [], 'bad-schema predicate.toolchain'],
    ['a toolchain with a space', 'predicate.toolchain[0].version', 'go 1', 'bad-schema predicate.toolchain[0].version'],
    ['another toolchain than the recipe', 'predicate.toolchain[0].version', 'go1.23.6', 'wrong-recipe predicate.toolchain'],
    ['a toolchain twice', 'predicate.toolchain', [1, 2].map(() => ({ name: 'go', version: 'go1.23.5' })), 'bad-schema predicate.toolchain'],
    ['a target that is no platform', 'predicate.artifacts[0].target', 'linux', 'bad-schema predicate.artifacts[0].target'],
    ['another target than the recipe', 'predicate.artifacts[0].target', 'linux/arm64', 'wrong-recipe predicate.artifacts'],
    ['a coordinate without a version', 'predicate.artifacts[0].coordinate', 'pkg:npm/x', 'bad-schema predicate.artifacts[0].coordinate'],
    [
      'a coordinate that is an address',
      'predicate.artifacts[0].coordinate',
      'https://x.example/',
      'bad-schema predicate.artifacts[0].coordinate',
    ],
    ['an absolute member', 'predicate.artifacts[0].member.path', '/bin/sh', 'bad-schema predicate.artifacts[0].member.path'],
    ['a member that climbs', 'predicate.artifacts[0].member.path', 'package/../../x', 'bad-schema predicate.artifacts[0].member.path'],
    [
      'a member of itself',
      'predicate.artifacts[0].member.container.sha256',
      release.subject[0]!.digest.sha256,
      'inconsistent predicate.artifacts[0].member.container',
    ],
    [
      'a member of itself by sha512',
      'predicate.artifacts[0].member.container.sha512',
      release.subject[0]!.digest.sha512,
      'inconsistent predicate.artifacts[0].member.container',
    ],
    [
      'a container without a digest',
      'predicate.artifacts[0].member.container.sha256',
      undefined,
      'bad-schema predicate.artifacts[0].member.container.sha256',
    ],
    ['a small recipe that is not inline', 'predicate.recipe.inline', undefined, 'inconsistent predicate.recipe'],
    ['another recipe’s digest', 'predicate.recipe.sha256', 'a'.repeat(64), 'inconsistent predicate.recipe.sha256'],
    ['another recipe’s size', 'predicate.recipe.size', 1, 'bad-schema predicate.recipe.size'],
    ['a wrong size', 'predicate.recipe.size', 2048, 'inconsistent predicate.recipe.size'],
    ['a recipe that is malformed', 'predicate.recipe.inline.kind', 'make', 'bad-schema predicate.recipe.inline.kind'],
    ['a recipe that contradicts itself', 'predicate.recipe.inline.vcs', null, 'inconsistent predicate.recipe.inline.vcs'],
    ['an empty list of unpublished artifacts', 'predicate.unpublished', [], 'bad-schema predicate.unpublished'],
    [
      'an artifact both published and not',
      'predicate.unpublished',
      [{ name: 'linux-x64/bin/esbuild', target: 'linux/amd64' }],
      'bad-schema predicate.artifacts',
    ],
    [
      'an unpublished artifact that the recipe does not build',
      'predicate.unpublished',
      [{ name: 'b', target: 'linux/amd64' }],
      'wrong-recipe predicate.recipe',
    ],
  ])('has not %s', (__, path, value, expected) => {
    expect(encode(changed(release, path, value))).toBe(expected);
  });

  test('lists its subjects in the artifacts’ order', () => {
    expect(encode({ ...two, subject: two.subject.toReversed() })).toBe('inconsistent subject[0].name');
  });

  test('lists no artifact twice', () => {
    expect(outcome(() => aRelease({ artifacts: [anArtifact(), anArtifact()] }))).toBe('bad-schema outputs');
    expect(encode(aRelease({ artifacts: [anArtifact(), anArtifact()], recipe: aLargeRecipe() }))).toBe('bad-schema predicate.artifacts');
  });

  test('names no container with two pairs of digests', () => {
    const path = 'predicate.artifacts[1].member.container.sha256';
    const same = changed(two, path, two.predicate.artifacts[0]!.member!.container.sha256);
    expect(encode(same)).toBe('inconsistent predicate.artifacts[1].member.container');
  });

  test('has at most 16 artifacts', () => {
    expect(encode(many(17))).toBe('bad-schema predicate.artifacts');
    expect(encode({ ...many(16), subject: many(17).subject })).toBe('bad-schema subject');
    // Sixteen with sha512 and containers are more than an entry holds; unpublished ones count as well.
    expect(
      encode(
        aRelease({
          unpublished: Array.from({ length: 16 }, (__, i) => ({ name: `u${i}`, target: 'linux/amd64' })),
          recipe: aLargeRecipe(),
        }),
      ),
    ).toBe('inconsistent predicate.artifacts');
  });

  test('has a recipe inline up to 2048 bytes, and a blob from 2049 on', () => {
    const recipe = (size: number) => {
      const base = encodeRecipe(aGoRecipe({ ldflags: '-X main.a=' })).length;
      return aGoRecipe({ ldflags: `-X main.a=${'b'.repeat(size - base)}` });
    };
    expect(aRelease({ recipe: recipe(2048) }).predicate.recipe).toHaveProperty('inline');
    expect(encode(aRelease({ recipe: recipe(2048) }))).toBe('accepted');
    expect(aRelease({ recipe: recipe(2049) }).predicate.recipe).not.toHaveProperty('inline');
    expect(encode(aRelease({ recipe: recipe(2049) }))).toBe('accepted');
    expect(encode(changed(aRelease({ recipe: recipe(2049) }), 'predicate.recipe.inline', recipe(2049)))).toBe(
      'inconsistent predicate.recipe',
    );
  });

  test('has a recipe of exactly its artifacts', () => {
    expect(
      encode(
        aRelease({
          artifacts: [anArtifact()],
          recipe: aGoRecipe({ outputs: [{ artifact: 'other', goos: 'linux', goarch: 'amd64', env: {} }] }),
        }),
      ),
    ).toBe('wrong-recipe predicate.artifacts');
    expect(encode(aRelease({ artifacts: [anArtifact(), anArtifact({ name: 'b' })], recipe: aGoRecipe() }))).toBe(
      'wrong-recipe predicate.recipe',
    );
  });
});

describe('a release’s recipe', () => {
  const bytes = encodeRecipe(aLargeRecipe());
  const { sha256 } = large.predicate.recipe;

  test('is read inline or from a blob', () => {
    expect(recipeOf(release)).toEqual(aGoRecipe());
    expect(recipeOf(large, new Map([[sha256, bytes]]))).toEqual(aLargeRecipe());
  });

  test('is missing when its blob is', () => {
    expect(outcome(() => recipeOf(large))).toBe('recipe-missing predicate.recipe');
    expect(outcome(() => recipeOf(large, new Map([['a'.repeat(64), bytes]])))).toBe('recipe-missing predicate.recipe');
  });

  test('is refused when the blob is another', () => {
    expect(outcome(() => recipeOf(large, new Map([[sha256, bytes.with(9, 0)]])))).toBe('wrong-recipe predicate.recipe');
    expect(outcome(() => recipeOf(large, new Map([[sha256, bytes.subarray(1)]])))).toBe('wrong-recipe predicate.recipe');
  });

  test('is refused when it has another size than the release says', () => {
    const other = changed(large, 'predicate.recipe.size', bytes.length + 1) as ReleaseStatement;
    expect(outcome(() => recipeOf(other, new Map([[sha256, bytes]])))).toBe('wrong-recipe predicate.recipe');
  });

  test('is refused when it builds something else', () => {
    const other = changed(large, 'predicate.artifacts[0].target', 'linux/arm64') as ReleaseStatement;
    expect(encode(other)).toBe('accepted');
    expect(outcome(() => recipeOf(other, new Map([[sha256, bytes]])))).toBe('wrong-recipe predicate.artifacts');
    expect(outcome(() => checkRecipe(large, aLargeRecipe()))).toBe('accepted');
  });
});

test('a release’s artifacts and claimed digests are found by name', () => {
  const both = aRelease({ unpublished: [{ name: 'b', target: 'linux/arm64' }] });
  expect(artifactNames(both)).toEqual(['linux-x64/bin/esbuild', 'b']);
  expect(claimedDigests(both, 'linux-x64/bin/esbuild')).toEqual(both.subject[0]!.digest);
  expect(claimedDigests(both, 'b')).toBe(null);
  expect(claimedDigests(both, 'toString')).toBe(null);
});
