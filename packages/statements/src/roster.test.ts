import { aRevocation, anEnrolment, testSigner, testVkey } from '@verbatim/testkit';
import { describe, expect, test } from 'vitest';
import { changed, outcome } from './_refusals.ts';
import type { RosterStatement } from './roster.ts';
import { encodeStatement } from './statement.ts';

const signer = testSigner('acme-1');
const rebuilder = anEnrolment(signer);
const registrar = anEnrolment(signer, { role: 'registrar' });
const publisher = anEnrolment(signer, { role: 'publisher', group: 'esbuild', threshold: 2 });
const revocation = aRevocation(signer);
const encode = (value: unknown): string => outcome(() => encodeStatement(value as RosterStatement));
const scopes = (count: number): string[] => Array.from({ length: count }, (_, i) => `pkg:npm/p${i}`);

test.each<[string, RosterStatement]>([
  ['a rebuilder', rebuilder],
  ['a registrar', registrar],
  ['a group of publishers', publisher],
  ['a publisher alone', anEnrolment(signer, { role: 'publisher' })],
  ['a registrar of several ecosystems', anEnrolment(signer, { role: 'registrar', scope: ['pkg:npm/', 'pkg:pypi/'] })],
  ['64 scopes', anEnrolment(signer, { role: 'publisher', scope: scopes(64) })],
  ['a revocation', revocation],
  ['a compromise', aRevocation(signer, { compromisedSince: 7 })],
])('%s is well formed', (_, statement) => {
  expect(encode(statement)).toBe('accepted');
});

describe('a roster statement', () => {
  test.each<[string, RosterStatement, string, unknown, string]>([
    ['another action', rebuilder, 'predicate.action', 'promote', 'bad-schema predicate.action'],
    ['another role', rebuilder, 'predicate.role', 'admin', 'bad-schema predicate.role'],
    ['a malformed key', rebuilder, 'predicate.vkey', 'acme-1', 'bad-schema predicate.vkey'],
    ['a witness key', rebuilder, 'predicate.vkey', testVkey('acme-1', 4), 'bad-schema predicate.vkey'],
    ['another key than its subject', rebuilder, 'predicate.vkey', testVkey('beta-1'), 'inconsistent subject[0].name'],
    ['another keyid than its key', rebuilder, 'subject[0].digest.sha256', 'a'.repeat(64), 'inconsistent subject[0].digest.sha256'],
    ['no operator', rebuilder, 'predicate.operator', '', 'bad-schema predicate.operator'],
    ['an operator that shows as another', rebuilder, 'predicate.operator', 'a\u202eb', 'bad-schema predicate.operator'],
    ['too long an operator', rebuilder, 'predicate.operator', 'a'.repeat(129), 'bad-schema predicate.operator'],
    ['a rebuilder with a scope', rebuilder, 'predicate.scope', ['pkg:npm/'], 'inconsistent predicate.scope'],
    ['a rebuilder in a group', rebuilder, 'predicate.group', 'a', 'inconsistent predicate.group'],
    ['a rebuilder with a threshold', rebuilder, 'predicate.threshold', 2, 'inconsistent predicate.threshold'],
    ['a registrar without a scope', registrar, 'predicate.scope', [], 'inconsistent predicate.scope'],
    ['a registrar of one package', registrar, 'predicate.scope', ['pkg:npm/esbuild'], 'inconsistent predicate.scope'],
    ['a registrar of everything', registrar, 'predicate.scope', ['pkg:'], 'bad-schema predicate.scope[0]'],
    ['a registrar in a group', registrar, 'predicate.group', 'a', 'inconsistent predicate.group'],
    ['a publisher without a scope', publisher, 'predicate.scope', [], 'inconsistent predicate.scope'],
    ['a publisher of an ecosystem', publisher, 'predicate.scope', ['pkg:npm/'], 'inconsistent predicate.scope'],
    ['a publisher of one version', publisher, 'predicate.scope', ['pkg:npm/esbuild@1'], 'bad-schema predicate.scope[0]'],
    ['a scope in another spelling', publisher, 'predicate.scope', ['pkg:npm/@esbuild/'], 'bad-schema predicate.scope[0]'],
    ['a scope twice', publisher, 'predicate.scope', ['pkg:npm/a', 'pkg:npm/a'], 'bad-schema predicate.scope'],
    ['65 scopes', publisher, 'predicate.scope', scopes(65), 'bad-schema predicate.scope'],
    ['threshold 0', publisher, 'predicate.threshold', 0, 'bad-schema predicate.threshold'],
    ['more signatures than an entry has', publisher, 'predicate.threshold', 9, 'bad-schema predicate.threshold'],
    ['a threshold without a group', publisher, 'predicate.group', null, 'inconsistent predicate.threshold'],
    ['a group of another spelling', publisher, 'predicate.group', 'Esbuild Team', 'bad-schema predicate.group'],
    ['a revocation without a reason', revocation, 'predicate.reason', '', 'bad-schema predicate.reason'],
    ['a revocation with too long a reason', revocation, 'predicate.reason', 'a'.repeat(257), 'bad-schema predicate.reason'],
    ['a compromise since a date', revocation, 'predicate.compromisedSince', '2026', 'bad-schema predicate.compromisedSince'],
    ['a revocation with a scope', revocation, 'predicate.scope', [], 'bad-schema predicate'],
    ['two subjects', rebuilder, 'subject[1]', rebuilder.subject[0], 'bad-schema subject'],
  ])('has not %s', (_, statement, path, value, expected) => {
    expect(encode(changed(statement, path, value))).toBe(expected);
  });
});
