import {
  decodeEntry,
  keyidOf,
  recipeOf,
  recipeVcs,
  signStatement,
  type GoRecipe,
  type ObservationStatement,
  type Recipe,
} from '@verbatim/statements';
import { aRelease, contentOf, digestsOf, testH1, testSigner } from '@verbatim/testkit';
import { sha256, toHex } from '@verbatim/tlog';
import { describe, expect, test } from 'vitest';
import { claimMismatch, observationOf, resultOf, type ObservationContext, type Rebuilt } from './observe.ts';

const signer = testSigner('acme-1');
const release = aRelease();
const artifact = 'linux-x64/bin/esbuild';
const claimed = digestsOf(contentOf(artifact)).sha256;
const other = digestsOf(contentOf('other')).sha256;

const context: ObservationContext = {
  origin: 'log.example/test',
  rebuilder: keyidOf(signer.name, signer.publicKey),
  host: 'linux/arm64',
  releaseIndex: 5n,
  leafHash: new Uint8Array(32).fill(7),
  release,
  artifact,
  attempt: 1,
  recipe: recipeOf(release),
  started: new Date('2026-11-21T10:00:00.900Z'),
  finished: new Date('2026-11-21T10:00:42.100Z'),
};
const facts: Rebuilt['facts'] = {
  toolchain: [{ name: 'go', version: 'go1.23.5', host: 'linux/arm64', digest: testH1('go') }],
  sandbox: { executor: 'bubblewrap', version: '0.8.0', network: 'none', limits: 'cgroup-v2' },
};
const match: Rebuilt = {
  result: 'match',
  reason: null,
  received: claimed,
  observed: claimed,
  facts,
  log: new TextEncoder().encode('ok\n'),
};

/** Signs and reads it back: what comes out is what admission sees. */
function logged(rebuilt: Rebuilt, changed: Partial<ObservationContext> = {}) {
  const { statement, evidence } = observationOf({ ...context, ...changed }, rebuilt);
  const read = decodeEntry(signStatement(statement, [signer])).statement as ObservationStatement;
  return { ...read, evidence };
}

describe('an observation', () => {
  test('of a container has the root of its members, and their list as evidence', () => {
    const list = new TextEncoder().encode('[]');
    const seen = logged({ ...match, members: { root: 'a'.repeat(64), size: 3, list } });
    expect(seen.predicate.observed).toEqual({ sha256: claimed, members: { root: 'a'.repeat(64), size: 3 } });
    expect(seen.predicate.evidence).toContainEqual({ kind: 'members', sha256: toHex(sha256(list)), size: list.length });
    expect(seen.evidence).toContainEqual({ sha256: toHex(sha256(list)), bytes: list });
    const unlisted = logged({ ...match, members: { root: 'a'.repeat(64), size: 3, list: null } });
    expect(unlisted.predicate.evidence.map(({ kind }) => kind)).not.toContain('members');
    expect(logged({ ...match, members: null }).predicate.observed).toEqual({ sha256: claimed });
  });

  test('says what was received and observed, how, and under which release entry', () => {
    const vcs = recipeVcs(recipeOf(release))!;
    expect(logged(match).predicate).toMatchObject({
      log: 'log.example/test',
      release: { index: 5, leafHash: '07'.repeat(32) },
      artifact,
      attempt: 1,
      result: 'match',
      claimed: { sha256: claimed },
      received: { sha256: claimed },
      observed: { sha256: claimed },
      recipe: { sha256: release.predicate.recipe.sha256 },
      platform: { host: 'linux/arm64', target: 'linux/amd64' },
      toolchain: facts.toolchain,
      sandbox: facts.sandbox,
      started: '2026-11-21T10:00:00Z',
      finished: '2026-11-21T10:00:42Z',
      vcs: { revision: vcs.revision, time: vcs.time, provenance: 'adopted' },
    });
  });

  test('names its evidence by digest and size: the build log and the provenance', () => {
    const { predicate, evidence } = logged(match);
    expect(predicate.evidence.map(({ kind }) => kind)).toEqual(['build-log', 'slsa-provenance']);
    for (const [position, { sha256: digest, size }] of predicate.evidence.entries()) {
      expect(toHex(sha256(evidence[position]!.bytes))).toBe(digest);
      expect(evidence[position]!.bytes.length).toBe(size);
    }
    expect(JSON.parse(new TextDecoder().decode(evidence[1]!.bytes))).toMatchObject({
      predicateType: 'https://slsa.dev/provenance/v1',
      subject: [{ name: artifact, digest: { sha256: claimed } }],
    });
  });

  test('says which facts of the stamp this node itself saw confirmed, whatever the recipe says of them', () => {
    const stamp = { ...recipeVcs(recipeOf(release))!, tag: 'v0.25.0', provenance: 'confirmed' } as const;
    const { revision, time } = stamp;
    const recipe: Recipe = { ...(recipeOf(release) as GoRecipe), vcs: stamp };
    const vcsWith = (origin: Rebuilt['facts']['origin']) =>
      logged({ ...match, facts: origin === undefined ? facts : { ...facts, origin } }, { recipe }).predicate.vcs;
    expect(vcsWith(undefined)).toEqual({ revision, time, provenance: 'adopted' });
    expect(vcsWith({ revision: 'f'.repeat(40), ref: 'refs/tags/v0.25.0', time })).toEqual({ revision, time, provenance: 'adopted' });
    expect(vcsWith({ revision, ref: 'refs/tags/v0.25.0', time })).toEqual({
      ...{ revision, time, provenance: 'confirmed' },
      confirmed: ['revision', 'time', 'tag'],
    });
    expect(vcsWith({ revision, ref: 'HEAD', time: '2026-01-01T00:00:00Z' })).toMatchObject({ confirmed: ['revision'] });
  });

  test('of another digest is a differ', () => {
    expect(logged({ ...match, result: 'differ', observed: other }).predicate).toMatchObject({
      result: 'differ',
      observed: { sha256: other },
    });
  });

  test('of another published file is input-unavailable, with both digests', () => {
    const rebuilt: Rebuilt = {
      ...match,
      result: 'input-unavailable',
      reason: 'claim-mismatch',
      received: other,
      observed: null,
      log: null,
    };
    const { predicate, subject } = logged(rebuilt);
    expect(predicate).toMatchObject({ claimed: { sha256: claimed }, received: { sha256: other }, observed: null, evidence: [] });
    expect(subject[0]!.digest.sha256).toBe(other);
  });

  test('that came to nothing has no sandbox, and an empty log is no evidence', () => {
    const nothing: Rebuilt = {
      result: 'infrastructure',
      reason: 'worker-crashed',
      received: null,
      observed: null,
      facts: { toolchain: [], sandbox: null },
      log: new Uint8Array(),
    };
    const { predicate } = logged(nothing, { recipe: null });
    expect(predicate).toMatchObject({ sandbox: { executor: 'none' }, toolchain: [], vcs: null, evidence: [], reason: 'worker-crashed' });
    expect(predicate.recipe.sha256).toBe(release.predicate.recipe.sha256);
  });

  test('of an unpublished artifact is built', () => {
    const unpublished = aRelease({ unpublished: [{ name: 'extra/bin/esbuild', target: 'linux/arm64' }] });
    const built: Rebuilt = { ...match, result: 'built', received: null };
    expect(logged(built, { release: unpublished, recipe: recipeOf(unpublished), artifact: 'extra/bin/esbuild' }).predicate).toMatchObject({
      claimed: null,
      received: null,
      observed: { sha256: claimed },
      platform: { target: 'linux/arm64' },
    });
  });

  test('survives a clock that was set back while it was made', () => {
    const finished = new Date('2026-11-21T09:00:00Z');
    expect(logged(match, { finished }).predicate.finished).toBe('2026-11-21T10:00:00Z');
  });
});

test('the result comes from the digests alone', () => {
  expect([resultOf(null, other), resultOf(other, other), resultOf(claimed, other)]).toEqual(['built', 'match', 'differ']);
});

test('what was received is compared by both digests', () => {
  const claim = { sha256: 'a', sha512: 'b' };
  expect(claimMismatch(claim, claim)).toBeNull();
  expect(claimMismatch(claim, { sha256: 'x', sha512: 'b' })).toBe('claim-mismatch');
  expect(claimMismatch(claim, { sha256: 'a', sha512: 'x' })).toBe('sha512-mismatch');
});
