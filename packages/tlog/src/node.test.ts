import { describe, expect, test } from 'vitest';
import { fromHex, parseVkey, signNote, toHex, utf8Decode, utf8Encode, verifyEd25519Pure } from './index.ts';
import { formatPrivateKey, generateSeed, parsePrivateKey, signerFromSeed, verifyEd25519, verifyEd25519Async, vkeyOf } from './node.ts';

const SEED = fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60');

test('a seed gives the key and signature of RFC 8032’s first test', () => {
  const signer = signerFromSeed('a', SEED);
  expect(toHex(signer.publicKey)).toBe('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
  expect(toHex(signer.sign(new Uint8Array(0)))).toBe(
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  );
});

test('a new seed is new, and its signatures verify in both implementations', () => {
  const [one, two] = [generateSeed(), generateSeed()];
  expect(one).toHaveLength(32);
  expect(one).not.toEqual(two);
  const signer = signerFromSeed('a', one);
  const message = utf8Encode('message');
  expect(verifyEd25519(signer.publicKey, message, signer.sign(message))).toBe(true);
  expect(verifyEd25519Pure(signer.publicKey, message, signer.sign(message))).toBe(true);
});

test('a signer’s verifier keys are of the type asked for', () => {
  const signer = signerFromSeed('witness.example', SEED);
  expect(parseVkey(vkeyOf(signer))).toMatchObject({ name: 'witness.example', type: 0x01, publicKey: signer.publicKey });
  expect(parseVkey(vkeyOf(signer, 0x04))).toMatchObject({ name: 'witness.example', type: 0x04, publicKey: signer.publicKey });
});

test('more keys than are kept still verify', () => {
  const signers = Array.from({ length: 1100 }, (_, i) =>
    signerFromSeed(
      'a',
      new Uint8Array(32)
        .fill(1)
        .with(0, i & 255)
        .with(1, i >> 8),
    ),
  );
  const message = utf8Encode('message');
  const signatures = signers.map((signer) => signer.sign(message));
  for (const round of [0, 1]) {
    const wrong = signers.filter((signer, i) => !verifyEd25519(signer.publicKey, message, signatures[i]!));
    expect([round, wrong]).toEqual([round, []]);
  }
});

test('many signatures verify at once on the thread pool', async () => {
  const signer = signerFromSeed('a', SEED);
  const messages = Array.from({ length: 200 }, (_, i) => utf8Encode(`message ${i}`));
  const results = await Promise.all(
    messages.map((message, i) => verifyEd25519Async(signer.publicKey, messages[i & ~1]!, signer.sign(message))),
  );
  expect(results).toEqual(messages.map((_, i) => i % 2 === 0));
});

describe('private key text', () => {
  // From golang.org/x/mod/sumdb/note's own test.
  const PETER = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';

  test('of another implementation is read, and signs what it signs', () => {
    const signer = parsePrivateKey(PETER);
    expect(vkeyOf(signer)).toBe('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
    const text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    expect(utf8Decode(signNote(text, [signer]))).toBe(
      `${text}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`,
    );
  });

  test('goes there and back, with and without its newline', () => {
    const text = formatPrivateKey('log.example', SEED);
    for (const file of [text, `${text}\n`]) expect(parsePrivateKey(file).publicKey).toEqual(signerFromSeed('a', SEED).publicKey);
  });

  test('with any other character at any place is refused', () => {
    const accepted: string[] = [];
    for (let i = 0; i < PETER.length; i++) {
      for (const character of ['A', 'b', '0', '+', '/', '=', ' ', '\n', '']) {
        const text = PETER.slice(0, i) + character + PETER.slice(i + 1);
        if (text !== PETER && isAccepted(text)) accepted.push(text);
      }
    }
    expect(accepted).toEqual([]);
  });

  test.each([
    ['nothing', ''],
    ['a verifier key', vkeyOf(signerFromSeed('a', SEED))],
    ['two newlines', `${PETER}\n\n`],
    ['a carriage return', `${PETER}\r\n`],
    ['a space before', ` ${PETER}`],
    ['another type', PETER.replace('+AYEK', '+BIEK')],
  ])('of %s is refused', (_name, text) => {
    expect(() => parsePrivateKey(text)).toThrow(expect.objectContaining({ code: 'malformed-private-key' }));
  });

  test('never appears in an error', () => {
    try {
      parsePrivateKey(`${PETER}x`);
    } catch (error) {
      expect(String(error)).not.toContain('AYEKFALV');
    }
    expect.assertions(1);
  });

  function isAccepted(text: string): boolean {
    try {
      parsePrivateKey(text);
      return true;
    } catch {
      return false;
    }
  }
});

test('a signer needs a key name and 32 bytes', () => {
  expect(() => signerFromSeed('a b', SEED)).toThrow(expect.objectContaining({ code: 'malformed-private-key' }));
  expect(() => signerFromSeed('a', SEED.slice(1))).toThrow(expect.objectContaining({ code: 'malformed-private-key' }));
});
