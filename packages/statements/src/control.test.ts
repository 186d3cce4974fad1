import { aGenesis, ROOT, testSigner, testVkey } from '@verbatim/testkit';
import { vkeyOf } from '@verbatim/tlog/node';
import { describe, expect, test } from 'vitest';
import { changed, outcome } from './_refusals.ts';
import type { ControlAction, ControlPredicate, ControlStatement } from './control.ts';
import { authorityOf } from './control-signers.ts';
import { decodeEnvelope } from './envelope.ts';
import { keyidOf } from './keyid.ts';
import { makeControl } from './make.ts';
import { signStatement } from './sign.ts';
import { encodeStatement } from './statement.ts';

const origin = 'log.example/test';
const genesis = aGenesis(origin);
const root = 'a'.repeat(64);
const predecessor = { origin: 'log.example/before', size: 10, root };
const successor: ControlAction<'successor'> = {
  action: 'successor',
  origin,
  vkey: testVkey('log.example/next'),
  rootVkey: testVkey('next-root'),
  size: 10,
  root,
  url: 'https://log.example/next/',
};
const rotate: ControlAction<'rotate'> = { action: 'rotate', origin, key: 'root', old: testVkey('a'), vkey: testVkey('b') };
const rotateLog = { ...rotate, key: 'log', old: testVkey(origin), vkey: vkeyOf(testSigner(origin, '2')) } as const;
const admission: ControlAction<'admission'> = {
  action: 'admission',
  origin,
  claims: ['publisher', 'registrar'],
  attempts: 3,
  approvals: 2,
};
const freeze: ControlAction<'freeze'> = { action: 'freeze', origin, reason: 'The log ends here.' };
const indexRoot: ControlAction<'index-root'> = { action: 'index-root', origin, size: 0, root };
const encode = (value: unknown): string => outcome(() => encodeStatement(value as ControlStatement));

test.each<ControlPredicate>([
  genesis.predicate,
  { ...(genesis.predicate as ControlAction<'genesis'>), predecessor },
  freeze,
  successor,
  rotate,
  rotateLog,
  { ...rotate, key: 'admin' },
  admission,
  { ...admission, claims: ['registrar'] },
  { ...admission, claims: [], attempts: 1, approvals: 1 },
  indexRoot,
])('$action is well formed', (predicate) => {
  expect(encode(makeControl(predicate))).toBe('accepted');
});

describe('a control statement', () => {
  const made = makeControl;
  test.each<[string, ControlStatement, string, unknown, string]>([
    ['another action', genesis, 'predicate.action', 'delete', 'bad-schema predicate.action'],
    ['another origin than its subject', genesis, 'predicate.origin', 'log.example/other', 'inconsistent subject[0].name'],
    ['another digest than its origin’s', genesis, 'subject[0].digest.sha256', root, 'inconsistent subject[0].digest.sha256'],
    ['one key for both tasks', genesis, 'predicate.admin', testVkey('test-root'), 'inconsistent predicate.admin'],
    ['one key under two names', genesis, 'predicate.admin', vkeyOf({ ...ROOT, name: 'admin' }), 'inconsistent predicate.admin'],
    ['a malformed key', genesis, 'predicate.root', 'root', 'bad-schema predicate.root'],
    ['a witness for an admin', genesis, 'predicate.admin', testVkey('test-admin', 4), 'bad-schema predicate.admin'],
    ['a key that we do not know', genesis, 'predicate.reason', 'x', 'bad-schema predicate'],
    ['nothing said about a predecessor', genesis, 'predicate.predecessor', undefined, 'bad-schema predicate.predecessor'],
    ['itself for a predecessor', genesis, 'predicate.predecessor', { ...predecessor, origin }, 'inconsistent predicate.predecessor.origin'],
    ['an empty predecessor', genesis, 'predicate.predecessor', { ...predecessor, size: 0 }, 'bad-schema predicate.predecessor.size'],
    ['a freeze without a reason', made(freeze), 'predicate.reason', '', 'bad-schema predicate.reason'],
    ['too long a reason', made(freeze), 'predicate.reason', 'x'.repeat(257), 'bad-schema predicate.reason'],
    ['itself for a successor', made(successor), 'predicate.vkey', testVkey(origin), 'inconsistent predicate.vkey'],
    ['one key for log and root', made(successor), 'predicate.rootVkey', successor.vkey, 'inconsistent predicate.rootVkey'],
    ['a successor in a folder', made(successor), 'predicate.url', 'file:///srv/log/', 'bad-schema predicate.url'],
    ['a negative size', made(indexRoot), 'predicate.size', -1, 'bad-schema predicate.size'],
    ['a root in base64', made(indexRoot), 'predicate.root', 'A'.repeat(43), 'bad-schema predicate.root'],
    ['a rotation to the same key', made(rotate), 'predicate.vkey', testVkey('a'), 'inconsistent predicate.vkey'],
    ['a rotation of a witness', made(rotate), 'predicate.key', 'witness', 'bad-schema predicate.key'],
    ['a log key named otherwise', made(rotateLog), 'predicate.vkey', testVkey('b'), 'inconsistent predicate.vkey'],
    ['an old log key named otherwise', made(rotateLog), 'predicate.old', testVkey('b'), 'inconsistent predicate.old'],
    ['claims of others', made(admission), 'predicate.claims', ['anybody'], 'bad-schema predicate.claims[0]'],
    ['claims out of order', made(admission), 'predicate.claims', ['registrar', 'publisher'], 'bad-schema predicate.claims'],
    ['one claim twice', made(admission), 'predicate.claims', ['registrar', 'registrar'], 'bad-schema predicate.claims'],
    ['no attempts', made(admission), 'predicate.attempts', 0, 'bad-schema predicate.attempts'],
    ['more attempts than there can be', made(admission), 'predicate.attempts', 1_000_001, 'bad-schema predicate.attempts'],
    ['no approvals', made(admission), 'predicate.approvals', 0, 'bad-schema predicate.approvals'],
    ['more approvals than signatures', made(admission), 'predicate.approvals', 9, 'bad-schema predicate.approvals'],
  ])('has not %s', (_, statement, path, value, expected) => {
    expect(encode(changed(statement, path, value))).toBe(expected);
  });
});

describe('the signers of a control statement', () => {
  const [a, b, other] = [testSigner('a'), testSigner('b'), testSigner('other')];
  const sign = (predicate: ControlPredicate, ...signers: readonly (typeof a)[]): string =>
    outcome(() => signStatement(makeControl(predicate), signers));

  test.each([
    ['genesis by its root', genesis.predicate, [ROOT], 'accepted'],
    ['genesis by another key', genesis.predicate, [other], 'inconsistent signatures'],
    ['genesis by two', genesis.predicate, [ROOT, other], 'inconsistent signatures'],
    ['freeze by one', freeze, [ROOT], 'accepted'],
    ['freeze by two', freeze, [ROOT, other], 'inconsistent signatures'],
    ['index root by two', indexRoot, [a, b], 'inconsistent signatures'],
    ['rotation of the root by both', rotate, [a, b], 'accepted'],
    ['rotation of the root by the new one alone', rotate, [b], 'inconsistent signatures'],
    ['rotation of the root by the old one alone', rotate, [a], 'inconsistent signatures'],
    ['rotation of the root by the new one and a stranger', rotate, [b, other], 'inconsistent signatures'],
    ['rotation of the admin by root and new key', { ...rotate, key: 'admin' as const }, [ROOT, b], 'accepted'],
    ['rotation of the admin without the new key', { ...rotate, key: 'admin' as const }, [ROOT, a], 'inconsistent signatures'],
    ['rotation by three', rotate, [a, b, other], 'inconsistent signatures'],
  ])('%s', (_, predicate, signers, expected) => {
    expect(sign(predicate, ...signers)).toBe(expected);
  });

  test('the one that is not the new key speaks for the log', () => {
    const authority = (predicate: ControlPredicate, ...signers: readonly (typeof a)[]): string => {
      const statement = makeControl(predicate);
      return authorityOf(statement, decodeEnvelope(signStatement(statement, signers)));
    };
    expect(authority({ ...rotate, key: 'admin' }, b, ROOT)).toBe(keyidOf(ROOT.name, ROOT.publicKey));
    expect(authority(rotate, b, a)).toBe(keyidOf(a.name, a.publicKey));
    expect(authority(freeze, ROOT)).toBe(keyidOf(ROOT.name, ROOT.publicKey));
  });
});
