import { Scene, aRelease, anObservation } from '@verbatim/testkit';
import { describe, expect, test } from 'vitest';
import { changed, outcome } from './_refusals.ts';
import { subjectDigestOf, type ObservationPredicate, type ObservationStatement } from './observation.ts';
import { encodeStatement } from './statement.ts';
import { MAX_ATTEMPT, RESULTS, type Result } from './vocabulary.ts';

const scene = new Scene();
const about = {
  origin: scene.log.origin,
  release: scene.release,
  index: scene.releaseIndex,
  leafHash: scene.log.leafHash(scene.releaseIndex),
  rebuilder: scene.rebuilders[0]!,
};
const seen = (overrides: Partial<ObservationPredicate> = {}): ObservationStatement => anObservation(about, overrides);
const encode = (value: unknown): string => outcome(() => encodeStatement(value as ObservationStatement));

const A = { sha256: 'a'.repeat(64) };
const B = { sha256: 'b'.repeat(64) };
const C = { sha256: 'c'.repeat(64) };

describe('a result', () => {
  test.each([...RESULTS])('%s may be said with its digests', (result) => {
    expect(encode(seen({ result }))).toBe('accepted');
  });

  type Row = [
    Result,
    ObservationPredicate['claimed'],
    ObservationPredicate['received'],
    ObservationPredicate['observed'],
    string | null,
    string,
  ];
  test.each<Row>([
    ['match', A, A, A, null, 'accepted'],
    ['match', A, A, B, null, 'inconsistent predicate.observed'],
    ['match', A, B, A, null, 'inconsistent predicate.reason'],
    ['match', A, B, A, 'claim-mismatch', 'inconsistent predicate.result'],
    ['match', A, B, B, null, 'inconsistent predicate.reason'],
    ['match', A, null, A, null, 'inconsistent predicate.received'],
    ['match', null, null, A, null, 'inconsistent predicate.claimed'],
    ['match', null, A, A, null, 'inconsistent predicate.received'],
    ['match', A, A, null, null, 'inconsistent predicate.observed'],
    ['match', A, A, A, 'sure', 'inconsistent predicate.reason'],
    ['differ', A, A, B, null, 'accepted'],
    ['differ', A, A, A, null, 'inconsistent predicate.observed'],
    ['differ', A, B, C, null, 'inconsistent predicate.reason'],
    ['differ', A, null, B, null, 'inconsistent predicate.received'],
    ['differ', null, null, B, null, 'inconsistent predicate.claimed'],
    ['differ', A, A, null, null, 'inconsistent predicate.observed'],
    ['differ', A, A, B, 'timestamps', 'inconsistent predicate.reason'],
    ['built', null, null, A, null, 'accepted'],
    ['built', A, A, A, null, 'inconsistent predicate.claimed'],
    ['built', A, null, A, null, 'inconsistent predicate.claimed'],
    ['built', null, null, null, null, 'inconsistent predicate.observed'],
    ['built', null, A, A, null, 'inconsistent predicate.received'],
    ['build-failed', A, A, null, 'compiler-error', 'accepted'],
    ['build-failed', null, null, null, 'compiler-error', 'accepted'],
    ['build-failed', A, null, null, 'compiler-error', 'accepted'],
    ['build-failed', A, A, B, 'compiler-error', 'inconsistent predicate.observed'],
    ['build-failed', A, A, null, null, 'inconsistent predicate.reason'],
    ['build-failed', A, B, null, 'compiler-error', 'inconsistent predicate.reason'],
    ['build-failed', A, B, null, 'claim-mismatch', 'inconsistent predicate.result'],
    ['input-unavailable', A, B, null, 'claim-mismatch', 'accepted'],
    ['input-unavailable', A, B, null, 'gone', 'inconsistent predicate.reason'],
    ['input-unavailable', A, A, null, 'claim-mismatch', 'inconsistent predicate.reason'],
    ['input-unavailable', A, null, null, 'claim-mismatch', 'inconsistent predicate.reason'],
    ['input-unavailable', A, A, null, 'source-gone', 'accepted'],
    ['input-unavailable', A, null, null, 'artifact-gone', 'accepted'],
    ['input-unavailable', null, A, null, 'claim-mismatch', 'inconsistent predicate.received'],
    ['input-unavailable', A, B, B, 'claim-mismatch', 'inconsistent predicate.observed'],
    ['infrastructure', A, A, null, 'disk-full', 'accepted'],
    ['infrastructure', A, A, A, 'disk-full', 'inconsistent predicate.observed'],
    ['timeout', A, A, null, null, 'inconsistent predicate.reason'],
    ['skipped', A, null, null, 'unsupported', 'accepted'],
    ['skipped', A, A, null, 'claim-mismatch', 'inconsistent predicate.reason'],
  ])('%s with claimed, received, observed %j %j %j and reason %j is %s', (result, claimed, received, observed, reason, expected) => {
    expect(encode(seen({ result, claimed, received, observed, reason }))).toBe(expected);
  });

  test('that is refused says what was expected and found', () => {
    expect(() => encodeStatement(seen({ result: 'match', observed: B, claimed: A, received: A }))).toThrow(
      `predicate.observed: expected the claimed digest with result match, found claimed ${A.sha256}, received ${A.sha256}, observed ${B.sha256}, reason null`,
    );
  });
});

describe('an observation', () => {
  test.each<[string, string, unknown, string]>([
    ['another origin’s spelling', 'predicate.log', 'a b', 'bad-schema predicate.log'],
    ['no origin', 'predicate.log', undefined, 'bad-schema predicate.log'],
    ['a negative index', 'predicate.release.index', -1, 'bad-schema predicate.release.index'],
    ['an index in a string', 'predicate.release.index', '5', 'bad-schema predicate.release.index'],
    ['an index of 2^53', 'predicate.release.index', 2 ** 53, 'bad-schema predicate.release.index'],
    ['a leaf hash in base64', 'predicate.release.leafHash', 'A'.repeat(43), 'bad-schema predicate.release.leafHash'],
    ['no leaf hash', 'predicate.release.leafHash', undefined, 'bad-schema predicate.release.leafHash'],
    ['an artifact outside', 'predicate.artifact', '../x', 'bad-schema predicate.artifact'],
    ['another artifact than its subject', 'predicate.artifact', 'x', 'inconsistent subject[0].name'],
    ['another digest in its subject', 'subject[0].digest.sha256', B.sha256, 'inconsistent subject[0].digest.sha256'],
    ['no subject', 'subject', [], 'bad-schema subject'],
    ['two subjects', 'subject[1]', { name: 'x', digest: A }, 'bad-schema subject'],
    ['a name for a key', 'predicate.rebuilder', 'acme-1', 'bad-schema predicate.rebuilder'],
    ['attempt 0', 'predicate.attempt', 0, 'bad-schema predicate.attempt'],
    ['too late an attempt', 'predicate.attempt', MAX_ATTEMPT + 1, 'bad-schema predicate.attempt'],
    ['a verdict', 'predicate.result', 'reproduced', 'bad-schema predicate.result'],
    ['a reason in prose', 'predicate.reason', 'It failed.', 'bad-schema predicate.reason'],
    ['no word about what it received', 'predicate.received', undefined, 'bad-schema predicate.received'],
    ['a digest with a sha512', 'predicate.observed.sha512', 'a'.repeat(128), 'bad-schema predicate.observed'],
    ['no recipe', 'predicate.recipe', null, 'bad-schema predicate.recipe'],
    ['no host', 'predicate.platform.host', undefined, 'bad-schema predicate.platform.host'],
    ['a host that is no platform', 'predicate.platform.host', 'x86_64', 'bad-schema predicate.platform.host'],
    ['no toolchain', 'predicate.toolchain', [], 'inconsistent predicate.toolchain'],
    ['a toolchain without a digest', 'predicate.toolchain[0].digest', undefined, 'bad-schema predicate.toolchain[0].digest'],
    ['a network', 'predicate.sandbox.network', 'host', 'bad-schema predicate.sandbox.network'],
    ['no limits', 'predicate.sandbox.limits', 'unlimited', 'bad-schema predicate.sandbox.limits'],
    ['an unknown sandbox', 'predicate.sandbox.executor', 'chroot', 'bad-schema predicate.sandbox.executor'],
    ['no sandbox where it built', 'predicate.sandbox.executor', 'none', 'inconsistent predicate.sandbox.executor'],
    ['an end before its start', 'predicate.finished', '2000-01-01T00:00:00Z', 'inconsistent predicate.finished'],
    ['a local time', 'predicate.started', '2026-11-21T12:00:00+01:00', 'bad-schema predicate.started'],
    [
      'a stamp of nowhere',
      'predicate.vcs',
      { revision: 'a'.repeat(40), time: '2026-01-01T00:00:00Z', provenance: 'guessed' },
      'bad-schema predicate.vcs.provenance',
    ],
    [
      'a fact confirmed that is none',
      'predicate.vcs',
      { revision: 'a'.repeat(40), time: '2026-01-01T00:00:00Z', provenance: 'confirmed', confirmed: ['branch'] },
      'bad-schema predicate.vcs.confirmed[0]',
    ],
    [
      'a stamp adopted and confirmed',
      'predicate.vcs',
      { revision: 'a'.repeat(40), time: '2026-01-01T00:00:00Z', provenance: 'adopted', confirmed: ['revision'] },
      'inconsistent predicate.vcs.confirmed',
    ],
    ['a member root that is none', 'predicate.observed.members', { root: 'x', size: 1 }, 'bad-schema predicate.observed.members.root'],
    ['a member root of no tree', 'predicate.observed.members', { root: 'a'.repeat(64) }, 'bad-schema predicate.observed.members.size'],
    ['an h1 that is none', 'predicate.observed.h1', 'h1:x', 'bad-schema predicate.observed.h1'],
    ['evidence of another kind', 'predicate.evidence', [{ kind: 'photo', ...A, size: 1 }], 'bad-schema predicate.evidence[0].kind'],
    ['evidence of no size', 'predicate.evidence', [{ kind: 'build-log', ...A, size: 0 }], 'bad-schema predicate.evidence[0].size'],
    [
      'evidence of more than a blob',
      'predicate.evidence',
      [{ kind: 'build-log', ...A, size: 8 * 2 ** 20 + 1 }],
      'bad-schema predicate.evidence[0].size',
    ],
    ['evidence twice', 'predicate.evidence', [1, 2].map(() => ({ kind: 'build-log', ...A, size: 1 })), 'bad-schema predicate.evidence'],
    [
      'too much evidence',
      'predicate.evidence',
      [...'012345678'].map((digit) => ({ kind: 'build-log', sha256: digit.repeat(64), size: 1 })),
      'bad-schema predicate.evidence',
    ],
    ['a key that we do not know', 'predicate.host', 'x', 'bad-schema predicate'],
  ])('has not %s', (_, path, value, expected) => {
    expect(encode(changed(seen(), path, value))).toBe(expected);
  });

  test('may have all the rest', () => {
    const vcs = { revision: 'a'.repeat(40), time: '2026-01-01T00:00:00Z', provenance: 'adopted' } as const;
    const evidence = [
      { kind: 'build-log', ...A, size: 1 },
      { kind: 'slsa-provenance', ...B, size: 8 * 2 ** 20 },
    ] as const;
    expect(encode(seen({ vcs, evidence, attempt: MAX_ATTEMPT, release: { index: Number.MAX_SAFE_INTEGER, leafHash: A.sha256 } }))).toBe(
      'accepted',
    );
  });

  test('has at most 16 toolchains, of distinct names and hosts', () => {
    const [go] = seen().predicate.toolchain;
    const tools = (count: number) => Array.from({ length: count }, (_, i) => ({ ...go!, name: `tool${i}` }));
    expect(encode(seen({ toolchain: tools(16) }))).toBe('accepted');
    expect(encode(seen({ toolchain: tools(17) }))).toBe('bad-schema predicate.toolchain');
    expect(encode(seen({ toolchain: [go!, go!] }))).toBe('bad-schema predicate.toolchain');
  });

  test('is about the best that is known of the artifact', () => {
    const base = seen().predicate;
    expect(subjectDigestOf({ ...base, observed: A, received: B, claimed: C })).toBe(A.sha256);
    expect(subjectDigestOf({ ...base, observed: null, received: B, claimed: C })).toBe(B.sha256);
    expect(subjectDigestOf({ ...base, observed: null, received: null, claimed: C })).toBe(C.sha256);
    expect(subjectDigestOf({ ...base, observed: null, received: null, claimed: null })).toBe(base.release.leafHash);
  });

  test('of an unpublished artifact says what was built', () => {
    const release = aRelease({ unpublished: [{ name: 'b', target: 'linux/arm64' }] });
    const built = anObservation({ ...about, release, artifact: 'b' });
    expect(built.predicate).toMatchObject({ result: 'built', claimed: null, platform: { target: 'linux/arm64' } });
    expect(encode(built)).toBe('accepted');
    expect(encode(anObservation({ ...about, release, artifact: 'b' }, { result: 'build-failed' }))).toBe('accepted');
  });
});
