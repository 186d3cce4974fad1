import { aGenesis, anArtifact, anEnrolment, anObservation, aRelease, aRevocation, testSigner, testVkey } from '@verbatim/testkit';
import { describe, expect, test } from 'vitest';
import { lookupsOf, type Lookup } from './index-keys.ts';
import { keyidOf } from './keyid.ts';
import { makeControl } from './make.ts';
import type { ReleaseStatement } from './release.ts';
import type { Statement } from './statement.ts';

const origin = 'log.example/test';
const acme = testSigner('acme-1');
const acmeId = keyidOf(acme.name, acme.publicKey);
const root = 'a'.repeat(64);

const packed = anArtifact();
const { member: _member, ...bare } = anArtifact({ name: 'bare/tool' });
const release = aRelease({ artifacts: [packed, bare], unpublished: [{ name: 'extra/tool', target: 'linux/arm64' }] });
const { purl } = release.predicate;
const container = packed.member!.container.sha256;

const texts = (lookups: readonly Lookup[]): string[] => lookups.map(({ type, value }) => `${type}:${value}`);
const of = (statement: Statement, found: ReleaseStatement | null = release): string[] =>
  texts(lookupsOf(statement, { origin, releaseAt: (index) => (index === 7 ? found : null) }));
const about = { origin, release, index: 7, leafHash: new Uint8Array(32), rebuilder: acme };

test('a release stands under its files, their containers and its purl, each once', () => {
  expect(of(release)).toEqual([`artifact:${packed.sha256}`, `artifact:${container}`, `artifact:${bare.sha256}`, `release:${purl}`]);
  const both = aRelease({ artifacts: [packed, anArtifact({ name: 'linux-x64/other' })] });
  expect(of(both).filter((text) => text === `artifact:${container}`)).toHaveLength(1);
});

describe('an observation stands under', () => {
  test('the file, its container, what was observed, the purl and who observed it', () => {
    const seen = anObservation(about, { result: 'differ' });
    expect(of(seen)).toEqual([
      `artifact:${packed.sha256}`,
      `artifact:${container}`,
      `observed:${seen.predicate.observed!.sha256}`,
      `release:${purl}`,
      `rebuilder:${acmeId}`,
    ]);
  });

  test('its own artifact’s digests and no other’s', () => {
    const seen = anObservation({ ...about, artifact: bare.name });
    expect(of(seen)).toEqual([`artifact:${bare.sha256}`, `observed:${bare.sha256}`, `release:${purl}`, `rebuilder:${acmeId}`]);
  });

  test('no artifact where none was published, and nothing observed where nothing was', () => {
    const built = anObservation({ ...about, artifact: 'extra/tool' });
    expect(of(built)).toEqual([`observed:${built.predicate.observed!.sha256}`, `release:${purl}`, `rebuilder:${acmeId}`]);
    const failed = anObservation({ ...about, artifact: 'extra/tool' }, { result: 'build-failed', observed: null, reason: 'x' });
    expect(of(failed)).toEqual([`release:${purl}`, `rebuilder:${acmeId}`]);
  });

  test('what it says itself, when its release is not there', () => {
    const seen = anObservation(about);
    expect(of(seen, null)).toEqual([`observed:${packed.sha256}`, `rebuilder:${acmeId}`]);
  });
});

test('a rebuilder’s enrolment stands under the rebuilder, another’s under nothing', () => {
  expect(of(anEnrolment(acme))).toEqual([`rebuilder:${acmeId}`]);
  expect(of(anEnrolment(acme, { role: 'registrar' }))).toEqual([]);
  expect(of(anEnrolment(acme, { role: 'publisher' }))).toEqual([]);
});

test('every revocation stands under control, a rebuilder’s under the rebuilder too', () => {
  expect(of(aRevocation(acme))).toEqual([`rebuilder:${acmeId}`, `control:${origin}`]);
  expect(of(aRevocation(acme, { role: 'registrar' }))).toEqual([`control:${origin}`]);
});

test.each([
  aGenesis(origin),
  makeControl({ action: 'freeze', origin, reason: 'The log ends here.' }),
  makeControl({
    action: 'successor',
    origin,
    vkey: testVkey('log.example/next'),
    rootVkey: testVkey('next-root'),
    size: 10,
    root,
    url: 'https://log.example/next/',
  }),
  makeControl({ action: 'rotate', origin, key: 'root', old: testVkey('old-root'), vkey: testVkey('new-root') }),
  makeControl({ action: 'admission', origin, claims: ['registrar'], attempts: 3, approvals: 1 }),
])('$predicate.action stands under control', (statement) => {
  expect(of(statement)).toEqual([`control:${origin}`]);
});

test('control is the indexing log’s, whatever log the statement was made for', () => {
  expect(of(aGenesis('log.example/predecessor'))).toEqual([`control:${origin}`]);
});

test('an index root stands under nothing', () => {
  expect(of(makeControl({ action: 'index-root', origin, size: 3, root }))).toEqual([]);
});
