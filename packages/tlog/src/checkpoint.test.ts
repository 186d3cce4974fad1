import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bitFlips, testKey } from './_keys.ts';
import {
  EMPTY_ROOT,
  MAX_SIZE,
  cosign,
  formatCheckpoint,
  formatNote,
  openCheckpoint,
  parseCheckpoint,
  parseNote,
  signNote,
  toBase64,
  utf8Encode,
  verifyCosignature,
  verifyEd25519Pure,
} from './index.ts';
import { verifyEd25519 } from './node.ts';

const ORIGIN = 'log.example/2026';
const log = testKey(ORIGIN);
const witness = testKey('witness.example/w1', 0x04);
const ROOT = toBase64(EMPTY_ROOT);
const TEXT = `${ORIGIN}\n42\n${ROOT}\n`;

describe('the text', () => {
  test('goes there and back', () => {
    const origin = fc.string({ unit: fc.constantFrom(...'ab./ é日'), minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(origin, fc.bigInt({ min: 0n, max: MAX_SIZE }), fc.uint8Array({ minLength: 32, maxLength: 32 }), (name, size, root) => {
        const checkpoint = { origin: name, size, root: new Uint8Array(root) };
        expect(parseCheckpoint(formatCheckpoint(checkpoint))).toEqual(checkpoint);
      }),
    );
  });

  test.each([
    ['nothing', ''],
    ['an empty origin', `\n42\n${ROOT}\n`],
    ['a control character in the origin', `a\tb\n42\n${ROOT}\n`],
    ['an origin of 256 bytes', `${'a'.repeat(256)}\n42\n${ROOT}\n`],
    ['a lone surrogate', `\ud800\n42\n${ROOT}\n`],
    ['no size', `a\n\n${ROOT}\n`],
    ['a leading zero', `a\n042\n${ROOT}\n`],
    ['a sign', `a\n+42\n${ROOT}\n`],
    ['a negative size', `a\n-1\n${ROOT}\n`],
    ['hexadecimal', `a\n0x2a\n${ROOT}\n`],
    ['an exponent', `a\n1e3\n${ROOT}\n`],
    ['a space after the size', `a\n42 \n${ROOT}\n`],
    ['2^63', `a\n9223372036854775808\n${ROOT}\n`],
    ['a root of 31 bytes', `a\n42\n${toBase64(EMPTY_ROOT.slice(1))}\n`],
    ['a root of 33 bytes', `a\n42\n${toBase64(new Uint8Array(33))}\n`],
    ['a root without padding', `a\n42\n${ROOT.slice(0, -1)}\n`],
    ['a root with trailing bits', `a\n42\n${ROOT.slice(0, -2)}V=\n`],
    ['an extension line', `a\n42\n${ROOT}\nextension\n`],
    ['an empty extension line', `a\n42\n${ROOT}\n\n`],
    ['no final newline', `a\n42\n${ROOT}`],
    ['carriage returns', `a\r\n42\r\n${ROOT}\r\n`],
    ['a hundred thousand lines', `a\n42\n${ROOT}\n${'\n'.repeat(100_000)}`],
  ])('with %s is malformed', (_name, text) => {
    expect(() => parseCheckpoint(text)).toThrow(expect.objectContaining({ code: 'malformed-checkpoint' }));
  });

  test('is not printed for impossible fields', () => {
    for (const wrong of [{ origin: '' }, { origin: 'a\nb' }, { size: -1n }, { size: MAX_SIZE + 1n }, { root: new Uint8Array(31) }]) {
      expect(() => formatCheckpoint({ origin: 'a', size: 0n, root: EMPTY_ROOT, ...wrong })).toThrow(
        expect.objectContaining({ code: 'malformed-checkpoint' }),
      );
    }
  });

  test('takes an origin of 255 bytes and the largest size', () => {
    const text = `${'a'.repeat(255)}\n${MAX_SIZE}\n${ROOT}\n`;
    expect(formatCheckpoint(parseCheckpoint(text))).toBe(text);
  });
});

describe('opening', () => {
  const note = signNote(TEXT, [log.signer]);

  test('returns the checkpoint of the log that signed it', () => {
    const opened = openCheckpoint(note, log.key, verifyEd25519);
    expect(opened.checkpoint).toEqual({ origin: ORIGIN, size: 42n, root: EMPTY_ROOT });
    expect(formatNote(opened.note)).toEqual(note);
  });

  test('refuses another log’s checkpoint, even one that this key signed', () => {
    const other = signNote(TEXT.replace(ORIGIN, 'other.example'), [log.signer]);
    expect(() => openCheckpoint(other, log.key, verifyEd25519)).toThrow(expect.objectContaining({ code: 'wrong-origin' }));
    const stranger = testKey('other.example');
    expect(() => openCheckpoint(note, stranger.key, verifyEd25519)).toThrow(expect.objectContaining({ code: 'unverified-note' }));
  });

  test('refuses a signed text that is no checkpoint', () => {
    const signed = signNote(`${TEXT}extension\n`, [log.signer]);
    expect(() => openCheckpoint(signed, log.key, verifyEd25519)).toThrow(expect.objectContaining({ code: 'malformed-checkpoint' }));
  });

  test('refuses a cosigner’s key in the place of a log’s', () => {
    const cosigner = testKey(ORIGIN, 0x04);
    const cosigned = formatNote({ text: TEXT, signatures: [cosign(TEXT, cosigner.signer, 5n)] });
    expect(() => openCheckpoint(cosigned, cosigner.key, verifyEd25519)).toThrow(expect.objectContaining({ code: 'bad-key' }));
  });

  test('notices every flipped bit', () => {
    const unnoticed = [...bitFlips(note)].filter((flipped) => {
      try {
        openCheckpoint(flipped, log.key, verifyEd25519);
        return true;
      } catch {
        return false;
      }
    });
    expect(unnoticed).toEqual([]);
  });
});

describe('a cosignature', () => {
  const line = cosign(TEXT, witness.signer, 1_800_000_000n);

  test.each([
    ['node:crypto', verifyEd25519],
    ['noble', verifyEd25519Pure],
  ])('verifies with %s and tells its time', (_name, verify) => {
    expect(verifyCosignature(TEXT, line, witness.key, verify)).toBe(1_800_000_000n);
  });

  test('signs the message of C2SP tlog-cosignature', () => {
    const message = utf8Encode(`cosignature/v1\ntime 1800000000\n${TEXT}`);
    expect(line.signature).toHaveLength(72);
    expect(new DataView(line.signature.buffer).getBigUint64(0)).toBe(1_800_000_000n);
    expect(verifyEd25519(witness.signer.publicKey, message, line.signature.slice(8))).toBe(true);
  });

  test('does not verify for another text, key, name, key ID or length', () => {
    const other = testKey('witness.example/w2', 0x04);
    expect(verifyCosignature(TEXT.replace('42', '43'), line, witness.key, verifyEd25519)).toBeNull();
    expect(verifyCosignature(TEXT, line, other.key, verifyEd25519)).toBeNull();
    expect(verifyCosignature(TEXT, { ...line, name: other.key.name }, witness.key, verifyEd25519)).toBeNull();
    expect(verifyCosignature(TEXT, { ...line, keyId: line.keyId ^ 1 }, witness.key, verifyEd25519)).toBeNull();
    expect(verifyCosignature(TEXT, { ...line, signature: line.signature.slice(1) }, witness.key, verifyEd25519)).toBeNull();
    expect(verifyCosignature(TEXT, { ...line, signature: line.signature.slice(8) }, witness.key, verifyEd25519)).toBeNull();
    expect(verifyCosignature(TEXT, line, { ...witness.key, publicKey: other.key.publicKey }, verifyEd25519)).toBeNull();
    expect(verifyCosignature(TEXT, line, { ...witness.key, type: 0x01 }, verifyEd25519)).toBeNull();
  });

  test('does not verify with any bit flipped', () => {
    for (const signature of bitFlips(line.signature)) {
      expect(verifyCosignature(TEXT, { ...line, signature }, witness.key, verifyEd25519)).toBeNull();
    }
  });

  test('is no log signature, and a log signature is none', () => {
    const logLine = parseNote(signNote(TEXT, [witness.signer])).signatures[0]!;
    expect(verifyCosignature(TEXT, { ...logLine, keyId: witness.key.keyId }, witness.key, verifyEd25519)).toBeNull();
  });

  test('has a time from 1 to 2^63 − 1', () => {
    expect(verifyCosignature(TEXT, cosign(TEXT, witness.signer, MAX_SIZE), witness.key, verifyEd25519)).toBe(MAX_SIZE);
    for (const time of [0n, -1n, MAX_SIZE + 1n]) {
      expect(() => cosign(TEXT, witness.signer, time)).toThrow(expect.objectContaining({ code: 'out-of-range' }));
    }
    for (const time of [0n, MAX_SIZE + 1n]) {
      const message = utf8Encode(`cosignature/v1\ntime ${time}\n${TEXT}`);
      const signature = new Uint8Array(72);
      new DataView(signature.buffer).setBigUint64(0, time);
      signature.set(witness.signer.sign(message), 8);
      expect(verifyCosignature(TEXT, { ...line, signature }, witness.key, verifyEd25519)).toBeNull();
    }
  });

  test('is never made for anything but a checkpoint', () => {
    for (const text of ['hello\n', `${TEXT}extension\n`, '']) {
      expect(() => cosign(text, witness.signer, 5n)).toThrow(expect.objectContaining({ code: 'malformed-checkpoint' }));
    }
  });
});
