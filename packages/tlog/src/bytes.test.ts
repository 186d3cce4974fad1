import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBase64, decodeByAtob, encodeBase64, encodeByBtoa } from './base64.ts';
import { bytesEqual, concatBytes, fromBase64, fromHex, toBase64, toHex, utf8Decode, utf8Encode } from './index.ts';

const bytes = fc.uint8Array({ maxLength: 100 });

describe('base64', () => {
  test('is Node’s for every length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20_000 }), (data) => {
        const text = toBase64(data);
        expect(text).toBe(Buffer.from(data).toString('base64'));
        expect(fromBase64(text)).toEqual(new Uint8Array(data));
      }),
      { numRuns: 50 },
    );
  });

  test('by the engine’s methods and without them is the same', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20_000 }), (data) => {
        expect(encodeByBtoa(data)).toBe(encodeBase64(data));
        expect(decodeByAtob(encodeBase64(data))).toEqual(decodeBase64(encodeBase64(data)));
      }),
      { numRuns: 50 },
    );
  });

  test.each([
    ['trailing bits', 'AAB='],
    ['no padding', 'AAA'],
    ['one character', 'A'],
    ['padding alone', '='],
    ['too much padding', 'AAA=='],
    ['white space', 'AA A='],
    ['a newline at the end', 'AAAA\n'],
    ['the URL-safe alphabet', '-_-_'],
    ['junk', 'AA!!=='],
    ['text after padding', 'AA==AAAA'],
    ['another script’s letters', 'ААААА'],
  ])('refuses %s', (_name, text) => {
    expect(() => fromBase64(text)).toThrow(expect.objectContaining({ code: 'bad-encoding' }));
  });

  test('has exactly one spelling for everything it accepts', () => {
    const base64ish = fc.string({ unit: fc.constantFrom(...'ABab019+/=-_ \n'), maxLength: 12 });
    fc.assert(
      fc.property(base64ish, (text) => {
        let data: Uint8Array;
        try {
          data = fromBase64(text);
        } catch {
          return;
        }
        expect(toBase64(data)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('hex', () => {
  test('goes there and back', () => {
    fc.assert(
      fc.property(bytes, (data) => {
        expect(fromHex(toHex(data))).toEqual(new Uint8Array(data));
      }),
    );
  });

  test.each(['A0', '0', '0g', ' 00', '00\n', '0x00', '٠٠'])('refuses %j', (text) => {
    expect(() => fromHex(text)).toThrow(expect.objectContaining({ code: 'bad-encoding' }));
  });
});

describe('UTF-8', () => {
  test('goes there and back, byte order marks included', () => {
    expect(utf8Decode(utf8Encode('\ufeff— ü'))).toBe('\ufeff— ü');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(utf8Decode(utf8Encode(text))).toBe(text);
      }),
    );
  });

  test('refuses what the standard decoder and encoder would replace', () => {
    for (const invalid of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x80], [0xf4, 0x90, 0x80, 0x80]]) {
      expect(() => utf8Decode(Uint8Array.from(invalid))).toThrow(expect.objectContaining({ code: 'bad-encoding' }));
    }
    expect(() => utf8Encode('\ud800')).toThrow(expect.objectContaining({ code: 'bad-encoding' }));
  });
});

test('bytes are equal only when length and content are', () => {
  expect(bytesEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
  expect(bytesEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
  expect(bytesEqual(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false);
  expect(bytesEqual(Uint8Array.of(1), Uint8Array.of(1, 2))).toBe(false);
});

test('concatenation keeps order', () => {
  expect(concatBytes(Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3))).toEqual(Uint8Array.of(1, 2, 3));
});
