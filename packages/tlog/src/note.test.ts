import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bitFlips, testKey } from './_keys.ts';
import {
  MAX_NOTE_BYTES,
  MAX_NOTE_SIGNATURES,
  bytesEqual,
  cosign,
  formatNote,
  formatSignatureLine,
  openNote,
  parseNote,
  parseSignatureLines,
  signNote,
  utf8Decode,
  utf8Encode,
  verifyEd25519Pure,
  type NoteSignature,
} from './index.ts';
import { verifyEd25519 } from './node.ts';

const alice = testKey('alice.example');
const bob = testKey('bob.example');
const witness = testKey('witness.example', 0x04);
const TEXT = 'Ognuno sta solo\n\nèd è subito sera.\n';
const SIGNED = signNote(TEXT, [alice.signer, bob.signer]);

function grease(i: number): NoteSignature {
  return { name: `grease-${i}`, keyId: 0xdeadbeef + i, signature: Uint8Array.of(i) };
}

describe('parsing', () => {
  test('prints back exactly what was read', () => {
    expect(formatNote(parseNote(SIGNED))).toEqual(SIGNED);
    expect(parseNote(SIGNED).text).toBe(TEXT);
  });

  test('splits at the last blank line', () => {
    const note = parseNote(signNote('a\n\nb\n\n\nc\n', [alice.signer]));
    expect(note.text).toBe('a\n\nb\n\n\nc\n');
    expect(parseNote(signNote('\n', [alice.signer])).text).toBe('\n');
  });

  test('goes there and back for every text and signature', () => {
    const name = fc.string({ unit: fc.constantFrom(...'abc./é日'), minLength: 1, maxLength: 20 });
    const line = fc.record({ name, keyId: fc.nat(0xffffffff), signature: fc.uint8Array({ minLength: 1, maxLength: 80 }) });
    const text = fc.string({ unit: fc.constantFrom(...'ab \u2014é\n\ufeff') }).map((body) => `${body}\n`);
    const lines = fc.uniqueArray(line, { minLength: 1, maxLength: 20, selector: (l) => `${l.name} ${l.keyId}` });
    fc.assert(
      fc.property(text, lines, (body, signatures) => {
        const note = { text: body, signatures: signatures.map((l) => ({ ...l, signature: new Uint8Array(l.signature) })) };
        expect(parseNote(formatNote(note))).toEqual(note);
      }),
    );
  });

  test('never accepts two spellings of one note', () => {
    const noise = fc.string({ unit: fc.constantFrom('\n', '\n\n', '— ', 'a ', 'AAAAAAA=', 'b', ' ', '=', '\r') });
    fc.assert(
      fc.property(noise, (whole) => {
        const bytes = utf8Encode(whole);
        let note;
        try {
          note = parseNote(bytes);
        } catch {
          return;
        }
        expect(formatNote(note)).toEqual(bytes);
      }),
      { numRuns: 5000 },
    );
  });

  const lines = formatSignatureLine(grease(0));
  test.each<[string, string]>([
    ['nothing', ''],
    ['no signatures', TEXT],
    ['a blank line and nothing after it', `${TEXT}\n`],
    ['no blank line', `a\n${lines}`],
    ['no final newline', `a\n\n${lines.slice(0, -1)}`],
    ['junk after the signatures', `a\n\n${lines}junk\n`],
    ['a blank line after the signatures', `a\n\n${lines}\n`],
    ['a carriage return', `a\r\n\n${lines}`],
    ['a tab in the text', `a\tb\n\n${lines}`],
    ['a NUL in the text', `a\u0000\n\n${lines}`],
    ['a hyphen for the dash', `a\n\n${lines.replace('—', '-')}`],
    ['two spaces', `a\n\n${lines.replace('— ', '—  ')}`],
    ['a space at the end', `a\n\n${lines.replace('\n', ' \n')}`],
    ['an empty name', 'a\n\n—  3q2+7wA=\n'],
    ['a plus in a name', 'a\n\n— a+b 3q2+7wA=\n'],
    ['a no-break space in a name', 'a\n\n— a\u00a0b 3q2+7wA=\n'],
    ['base64 without padding', 'a\n\n— a 3q2+7wA\n'],
    ['base64 with trailing bits', 'a\n\n— a 3q2+7wB=\n'],
    ['URL-safe base64', 'a\n\n— a 3q2-7wA=\n'],
    ['a key ID without a signature', 'a\n\n— a 3q2+7w==\n'],
    ['two lines of one key', `a\n\n${lines}${lines}`],
    ['two different signatures of one key', 'a\n\n— a 3q2+7wA=\n— a 3q2+7wE=\n'],
  ])('refuses %s', (_name, whole) => {
    expect(() => parseNote(utf8Encode(whole))).toThrow(expect.objectContaining({ code: 'malformed-note' }));
  });

  test('refuses invalid UTF-8', () => {
    expect(() => parseNote(SIGNED.with(0, 0xff))).toThrow(expect.objectContaining({ code: 'malformed-note' }));
  });

  test('takes 100 signatures, and not 101', () => {
    const signatures = Array.from({ length: MAX_NOTE_SIGNATURES }, (_, i) => grease(i));
    expect(parseNote(formatNote({ text: TEXT, signatures })).signatures).toHaveLength(100);
    expect(() => formatNote({ text: TEXT, signatures: [...signatures, grease(100)] })).toThrow(/at most 100/);
  });

  test('takes a note of a million bytes, and not one more', () => {
    const line = formatSignatureLine(grease(0));
    const text = `${'a'.repeat(MAX_NOTE_BYTES - utf8Encode(line).length - 2)}\n`;
    const note = utf8Encode(`${text}\n${line}`);
    expect(note).toHaveLength(MAX_NOTE_BYTES);
    expect(parseNote(note).text).toBe(text);
    expect(() => parseNote(utf8Encode(`a${text}\n${line}`))).toThrow(expect.objectContaining({ code: 'malformed-note' }));
  });

  test('reads signature lines alone, as a witness returns them', () => {
    expect(parseSignatureLines(formatSignatureLine(grease(1)) + formatSignatureLine(grease(2)))).toEqual([grease(1), grease(2)]);
    for (const bad of ['', '\n', 'a\n', formatSignatureLine(grease(1)).slice(0, -1)]) {
      expect(() => parseSignatureLines(bad)).toThrow(expect.objectContaining({ code: 'malformed-note' }));
    }
  });

  test('does not print what it would not read', () => {
    for (const text of ['', 'a', 'a\r\n', '\ud800\n']) {
      expect(() => formatNote({ text, signatures: [grease(0)] })).toThrow(expect.objectContaining({ code: 'malformed-note' }));
    }
    expect(() => formatNote({ text: TEXT, signatures: [] })).toThrow(expect.objectContaining({ code: 'malformed-note' }));
    for (const line of [
      { ...grease(0), name: 'a b' },
      { ...grease(0), signature: new Uint8Array(0) },
      { ...grease(0), keyId: 2 ** 32 },
      { ...grease(0), keyId: -1 },
    ]) {
      expect(() => formatSignatureLine(line)).toThrow(expect.objectContaining({ code: 'malformed-note' }));
    }
  });
});

describe.each([
  ['node:crypto', verifyEd25519],
  ['noble', verifyEd25519Pure],
])('opening with %s', (_name, verify) => {
  test('tells known signatures from unknown ones', () => {
    const opened = openNote(SIGNED, [alice.key], verify);
    expect(opened.text).toBe(TEXT);
    expect(opened.verified.map(({ name }) => name)).toEqual(['alice.example']);
    expect(opened.unknown.map(({ name }) => name)).toEqual(['bob.example']);
    expect(openNote(SIGNED, [bob.key, alice.key], verify).verified).toHaveLength(2);
  });

  test('refuses a note that no known key signed', () => {
    for (const keys of [[], [testKey('eve.example').key]]) {
      expect(() => openNote(SIGNED, keys, verify)).toThrow(expect.objectContaining({ code: 'unverified-note' }));
    }
  });

  test('says which keys it expected, and who signed', () => {
    const [one, two, three, four] = [testKey('1').key, testKey('2').key, testKey('3').key, testKey('4').key];
    const label = (key: { text: string }): string => JSON.stringify(key.text.split('+', 2).join('+'));
    const found = `found ${label(alice.key)}, ${label(bob.key)}`;
    expect(() => openNote(SIGNED, [one], verify)).toThrow(`expected a signature by ${label(one)}, ${found}`);
    const replaced = { ...alice.key, keyId: alice.key.keyId ^ 1 };
    expect(() => openNote(SIGNED, [replaced], verify)).toThrow(new RegExp(`found ${label(alice.key).replaceAll(/[.+]/g, '\\$&')}$`));
    const most = `${label(one)}, ${label(two)}, ${label(three)} and 1 more`;
    expect(() => openNote(SIGNED, [one, two, three, four], verify)).toThrow(`expected a signature by ${most}, ${found}`);
  });

  test('treats a match on name or key ID alone as unknown', () => {
    for (const other of [
      { ...alice.key, keyId: alice.key.keyId ^ 1 },
      { ...alice.key, name: 'alice.example2' },
    ]) {
      expect(() => openNote(SIGNED, [other], verify)).toThrow(expect.objectContaining({ code: 'unverified-note' }));
    }
  });

  test('refuses the whole note when one known signature fails, though another verifies', () => {
    const note = parseNote(SIGNED);
    const broken = { ...note.signatures[1]!, signature: note.signatures[1]!.signature.with(0, 1) };
    const bytes = formatNote({ ...note, signatures: [note.signatures[0]!, broken] });
    expect(() => openNote(bytes, [alice.key, bob.key], verify)).toThrow(expect.objectContaining({ code: 'bad-signature' }));
    expect(openNote(bytes, [alice.key], verify).verified).toHaveLength(1);
  });

  test('refuses a known key’s signature of the wrong length', () => {
    const note = parseNote(SIGNED);
    for (const signature of [note.signatures[0]!.signature.slice(1), new Uint8Array([...note.signatures[0]!.signature, 0])]) {
      const bytes = formatNote({ ...note, signatures: [{ ...note.signatures[0]!, signature }] });
      expect(() => openNote(bytes, [alice.key], verify)).toThrow(expect.objectContaining({ code: 'bad-signature' }));
    }
  });

  test('verifies cosignatures of known witnesses too', () => {
    const text = 'log.example\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n';
    const note = { text, signatures: [cosign(text, witness.signer, 5n)] };
    expect(openNote(formatNote(note), [witness.key], verify).verified).toHaveLength(1);
    const broken = { ...note.signatures[0]!, signature: note.signatures[0]!.signature.with(7, 6) };
    expect(() => openNote(formatNote({ text, signatures: [broken] }), [witness.key], verify)).toThrow(
      expect.objectContaining({ code: 'bad-signature' }),
    );
  });

  test('refuses keys that cannot be told apart or cannot verify anything', () => {
    expect(() => openNote(SIGNED, [alice.key, alice.key], verify)).toThrow(expect.objectContaining({ code: 'bad-key' }));
    expect(() => openNote(SIGNED, [{ ...alice.key, type: 2 }], verify)).toThrow(expect.objectContaining({ code: 'bad-key' }));
  });
});

test('no single flipped bit of a signed note goes unnoticed, except in lines of unknown keys', () => {
  const signed = signNote(TEXT, [alice.signer]);
  const noticed = [...bitFlips(signed)].filter((flipped) => {
    try {
      openNote(flipped, [alice.key], verifyEd25519);
      return false;
    } catch {
      return true;
    }
  });
  expect(noticed).toHaveLength(8 * signed.length);

  const start = signed.length;
  const withGrease = formatNote({ ...parseNote(signed), signatures: [...parseNote(signed).signatures, grease(0)] });
  const changed = [...bitFlips(withGrease)].filter((flipped, bit) => {
    try {
      const opened = openNote(flipped, [alice.key], verifyEd25519);
      return (
        bit >> 3 < start || opened.text !== TEXT || !bytesEqual(opened.verified[0]!.signature, parseNote(signed).signatures[0]!.signature)
      );
    } catch {
      return false;
    }
  });
  expect(changed.map(utf8Decode)).toEqual([]);
});
