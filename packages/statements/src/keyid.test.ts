import { createHash } from 'node:crypto';
import { parseVkey } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import { testSigner, testVkey } from '@verbatim/testkit';
import { expect, test } from 'vitest';
import { outcome } from './_refusals.ts';
import { keyidOf, keyidOfVkey, vkeyText } from './keyid.ts';

const signer = testSigner('acme-1');

test('a keyid is the SHA-256 that the vkey’s key ID is cut from', () => {
  const keyid = keyidOf(signer.name, signer.publicKey);
  expect(keyid).toBe(createHash('sha256').update('acme-1\n').update(Uint8Array.of(1)).update(signer.publicKey).digest('hex'));
  expect(vkeyOf(signer)).toContain(`+${keyid.slice(0, 8)}+`);
  expect(keyidOfVkey(vkeyOf(signer))).toBe(keyid);
  expect(keyidOfVkey(parseVkey(vkeyOf(signer)))).toBe(keyid);
});

test('one key under two names has two keyids', () => {
  expect(keyidOf('a', signer.publicKey)).not.toBe(keyidOf('b', signer.publicKey));
});

test('a witness key signs no statement', () => {
  expect(outcome(() => keyidOfVkey(testVkey('w1', 0x04)))).toBe('bad-key');
  expect(outcome(() => vkeyText(testVkey('w1', 0x04), 'vkey'))).toBe('bad-schema vkey');
});

test.each([
  ['text that is no key', 'acme'],
  ['a key ID that does not fit', testVkey('acme-1').replace(/\+[0-9a-f]{8}\+/, '+00000000+')],
  ['a name that shows as another', vkeyOf(testSigner('acme\u202e1'))],
  ['too long a text', 'a'.repeat(513)],
])('%s is refused', (_, text) => {
  expect(outcome(() => vkeyText(text, 'vkey'))).toBe('bad-schema vkey');
});

test('more keys than are remembered are checked all the same', () => {
  for (let index = 0; index < 300; index++) {
    const text = testVkey(`key-${index}`);
    expect(vkeyText(text, '')).toBe(text);
  }
});
