import { aRelease, anEnrolment, anObservation, forgeEntry, testSigner } from '@verbatim/testkit';
import { bytesEqual } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { expect, test } from 'vitest';
import { outcome } from './_refusals.ts';
import { verifySignatures } from './envelope.ts';
import { keyidOf } from './keyid.ts';
import type { ReleaseStatement } from './release.ts';
import { addSignature, signStatement } from './sign.ts';
import { decodeEntry } from './statement.ts';

const signers = ['a', 'b', 'c', 'd'].map((name) => testSigner(name));
const keys = signers.map(({ name, publicKey }) => ({ keyid: keyidOf(name, publicKey), publicKey }));
const published = aRelease({ claim: { kind: 'publisher' } });

test('a statement is signed by each signer, in whatever order they come', () => {
  const entry = signStatement(published, signers);
  expect(bytesEqual(signStatement(published, signers.toReversed()), entry)).toBe(true);
  expect(verifySignatures(decodeEntry(entry).envelope, keys, verifyEd25519)).toHaveLength(4);
});

test('approvals one by one make the same entry', () => {
  const [first, ...others] = signers;
  const entry = others.reduce(addSignature, signStatement(published, [first!]));
  expect(bytesEqual(entry, signStatement(published, signers))).toBe(true);
});

test('nobody approves twice', () => {
  const entry = signStatement(published, signers.slice(0, 1));
  expect(outcome(() => addSignature(entry, signers[0]!))).toBe('inconsistent signatures');
});

test('a ninth approval is refused', () => {
  const nine = Array.from({ length: 9 }, (_, index) => testSigner(`publisher-${index}`));
  const entry = signStatement(published, nine.slice(0, 8));
  expect(outcome(() => addSignature(entry, nine[8]!))).toBe('bad-schema signatures');
});

test('nothing is signed that could not be read', () => {
  const release = { ...published, subject: [] } as unknown as ReleaseStatement;
  expect(outcome(() => signStatement(release, signers))).toBe('inconsistent subject');
  expect(outcome(() => signStatement(anEnrolment(signers[0]!), signers))).toBe('inconsistent signatures');
  expect(outcome(() => signStatement(published, []))).toBe('bad-schema signatures');
  const about = { origin: 'log.example/test', release: published, index: 1, leafHash: new Uint8Array(32), rebuilder: signers[0]! };
  expect(outcome(() => signStatement(anObservation(about), [signers[1]!]))).toBe('inconsistent signatures[0].keyid');
});

test('nothing is approved that could not be read', () => {
  expect(outcome(() => addSignature(forgeEntry({}, [signers[0]!]), signers[1]!))).toBe('unknown-predicate predicateType');
});
