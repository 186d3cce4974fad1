import { aGenesis, ROOT, testVkey } from '@verbatim/testkit';
import { vkeyOf } from '@verbatim/tlog/node';
import { describe, expect, test } from 'vitest';
import { changed, outcome } from './_refusals.ts';
import type { ControlPredicate, ControlStatement } from './control.ts';
import { makeControl } from './make.ts';
import { encodeStatement } from './statement.ts';

const origin = 'log.example/test';
const genesis = aGenesis(origin);
const root = 'a'.repeat(64);
const encode = (value: unknown): string => outcome(() => encodeStatement(value as ControlStatement));

test.each<ControlPredicate>([
  genesis.predicate,
  { action: 'freeze', origin, reason: 'The log ends here.' },
  { action: 'successor', origin, vkey: testVkey('log.example/next'), size: 10, root },
  { action: 'rotate', origin, key: 'log', old: testVkey(origin), vkey: testVkey('log.example/new') },
  { action: 'index-root', origin, size: 0, root },
])('$action is well formed', (predicate) => {
  expect(encode(makeControl(predicate))).toBe('accepted');
});

describe('a control statement', () => {
  test.each<[string, ControlStatement, string, unknown, string]>([
    ['another action', genesis, 'predicate.action', 'delete', 'bad-schema predicate.action'],
    ['another origin than its subject', genesis, 'predicate.origin', 'log.example/other', 'inconsistent subject[0].name'],
    ['another digest than its origin’s', genesis, 'subject[0].digest.sha256', root, 'inconsistent subject[0].digest.sha256'],
    ['one key for both tasks', genesis, 'predicate.admin', testVkey('test-root'), 'inconsistent predicate.admin'],
    ['one key under two names', genesis, 'predicate.admin', vkeyOf({ ...ROOT, name: 'admin' }), 'inconsistent predicate.admin'],
    ['a malformed key', genesis, 'predicate.root', 'root', 'bad-schema predicate.root'],
    ['a witness for an admin', genesis, 'predicate.admin', testVkey('test-admin', 4), 'bad-schema predicate.admin'],
    ['a key that we do not know', genesis, 'predicate.reason', 'x', 'bad-schema predicate'],
    [
      'a freeze without a reason',
      makeControl({ action: 'freeze', origin, reason: 'x' }),
      'predicate.reason',
      '',
      'bad-schema predicate.reason',
    ],
    [
      'too long a reason',
      makeControl({ action: 'freeze', origin, reason: 'x' }),
      'predicate.reason',
      'x'.repeat(257),
      'bad-schema predicate.reason',
    ],
    [
      'itself for a successor',
      makeControl({ action: 'successor', origin, vkey: testVkey('n'), size: 1, root }),
      'predicate.vkey',
      testVkey(origin),
      'inconsistent predicate.vkey',
    ],
    ['a negative size', makeControl({ action: 'index-root', origin, size: 0, root }), 'predicate.size', -1, 'bad-schema predicate.size'],
    [
      'a root in base64',
      makeControl({ action: 'index-root', origin, size: 0, root }),
      'predicate.root',
      'A'.repeat(43),
      'bad-schema predicate.root',
    ],
    [
      'a rotation to the same key',
      makeControl({ action: 'rotate', origin, key: 'root', old: testVkey('a'), vkey: testVkey('b') }),
      'predicate.vkey',
      testVkey('a'),
      'inconsistent predicate.vkey',
    ],
    [
      'a rotation of a witness',
      makeControl({ action: 'rotate', origin, key: 'root', old: testVkey('a'), vkey: testVkey('b') }),
      'predicate.key',
      'witness',
      'bad-schema predicate.key',
    ],
  ])('has not %s', (_, statement, path, value, expected) => {
    expect(encode(changed(statement, path, value))).toBe(expected);
  });
});
