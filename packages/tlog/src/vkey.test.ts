import { describe, expect, test } from 'vitest';
import { testKey } from './_keys.ts';
import { computeKeyId, concatBytes, formatKeyId, formatVkey, fromHex, isKeyName, parseVkey, toBase64 } from './index.ts';

const { key } = testKey('log.example/1');

/** Text of a verifier key whose key ID fits, whatever its parts are. */
function spell(name: string, data: Uint8Array): string {
  return `${name}+${formatKeyId(computeKeyId(name, data[0] ?? 0, data.slice(1)))}+${toBase64(data)}`;
}

test('a verifier key goes there and back', () => {
  expect(formatVkey(key.name, key.type, key.publicKey)).toBe(key.text);
  expect(parseVkey(key.text)).toEqual(key);
});

test.each([
  ['a published log key', 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k', 0x01, 0x530d903a],
  [
    'a witness key whose base64 has plus signs',
    'witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv',
    0x04,
    0x67f7aea0,
  ],
  [
    'a name with a colon',
    'transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM',
    0x04,
    0xd8042a87,
  ],
])('%s parses', (_name, text, type, keyId) => {
  expect(parseVkey(text)).toMatchObject({ type, keyId, text });
});

test('the same key is another key under another type or name', () => {
  const ids = [computeKeyId('a', 1, key.publicKey), computeKeyId('a', 4, key.publicKey), computeKeyId('b', 1, key.publicKey)];
  expect(new Set(ids).size).toBe(3);
});

test('every other character at every position is refused', () => {
  const accepted: string[] = [];
  for (let i = 0; i < key.text.length; i++) {
    for (const character of ['A', 'a', '0', '+', '/', '=', ' ', '\n', 'é', '\u0000', '']) {
      const text = key.text.slice(0, i) + character + key.text.slice(i + 1);
      if (text !== key.text && isAccepted(text)) accepted.push(text);
    }
  }
  expect(accepted).toEqual([]);
});

test('every part of the text alone is refused', () => {
  const accepted: string[] = [];
  for (let i = 0; i <= key.text.length; i++) {
    for (let j = i; j <= key.text.length; j++) {
      const text = key.text.slice(i, j);
      if (text !== key.text && isAccepted(text)) accepted.push(text);
    }
  }
  expect(accepted).toEqual([]);
});

function isAccepted(text: string): boolean {
  try {
    parseVkey(text);
    return true;
  } catch {
    return false;
  }
}

test.each([
  ['an upper-case key ID', key.text.replace(/\+([0-9a-f]{8})\+/, (id) => id.toUpperCase())],
  ['a newline at the end', `${key.text}\n`],
  ['no name', spell('', concatBytes(Uint8Array.of(1), key.publicKey))],
  ['a name with a space', spell('a b', concatBytes(Uint8Array.of(1), key.publicKey))],
  ['a name with a no-break space', spell('a\u00a0b', concatBytes(Uint8Array.of(1), key.publicKey))],
  ['a name with U+0085', spell('a\u0085b', concatBytes(Uint8Array.of(1), key.publicKey))],
  ['a name of 256 bytes', spell('é'.repeat(128), concatBytes(Uint8Array.of(1), key.publicKey))],
  ['no public key', spell('a', Uint8Array.of(9))],
  ['a name that is too long to look at', `${'a'.repeat(5000)}+00000000+AAAA`],
])('%s is malformed', (_name, text) => {
  expect(() => parseVkey(text)).toThrow(expect.objectContaining({ code: 'malformed-vkey' }));
});

test('a name of 255 bytes is accepted', () => {
  const name = `${'é'.repeat(127)}a`;
  expect(parseVkey(formatVkey(name, 1, key.publicKey)).name).toBe(name);
});

describe('an Ed25519 key', () => {
  test.each([
    ['31 bytes', new Uint8Array(31).fill(1)],
    ['33 bytes', concatBytes(key.publicKey, Uint8Array.of(0))],
    ['the identity', fromHex(`01${'00'.repeat(31)}`)],
    ['a point of order 8', fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')],
    ['y = p', fromHex(`ed${'ff'.repeat(30)}7f`)],
    ['y that is on no point', fromHex(`02${'00'.repeat(31)}`)],
  ])('of %s is refused for logs and witnesses', (_name, publicKey) => {
    for (const type of [0x01, 0x04]) {
      const text = spell('a', concatBytes(Uint8Array.of(type), publicKey));
      expect(() => parseVkey(text)).toThrow(expect.objectContaining({ code: 'bad-key' }));
    }
  });
});

test('a key of another type is carried as it is', () => {
  const mlDsa = new Uint8Array(1312).fill(7);
  expect(parseVkey(formatVkey('a', 0x06, mlDsa))).toMatchObject({ type: 0x06, publicKey: mlDsa });
});

test('key names follow signed-note', () => {
  for (const name of ['a', 'example.com/log', 'ünïcode', 'a:b', '\ufeff']) expect(isKeyName(name)).toBe(true);
  for (const name of ['', ' ', 'a b', 'a+b', 'a\tb', 'a\u2028b', 'a\u3000', 'a\u0000', '\ud800']) expect(isKeyName(name)).toBe(false);
});
