import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Escaper, escapeText } from './escape.ts';

const escaped = (...chunks: Uint8Array[]): string => {
  const escaper = new Escaper();
  return chunks.map((chunk) => escaper.push(chunk)).join('') + escaper.end();
};

test('terminal escapes, carriage returns and bidi overrides become visible', () => {
  expect(escapeText('a\x1b[2Jb\rc\x07\x7f\x9b\u202ed\u2066e\u2028f\ufeff')).toBe(
    'a\\x1b[2Jb\\x0dc\\x07\\x7f\\x9b\\u{202e}d\\u{2066}e\\u{2028}f\\u{feff}',
  );
});

test('tabs, line ends and letters of any script stay', () => {
  expect(escapeText('ä\tб\n漢 🙂')).toBe('ä\tб\n漢 🙂');
});

test('a character that is cut between chunks stays whole', () => {
  const bytes = Buffer.from('ä🙂漢');
  for (let cut = 0; cut <= bytes.length; cut++) expect(escaped(bytes.subarray(0, cut), bytes.subarray(cut))).toBe('ä🙂漢');
});

test('bytes that are not UTF-8 are shown as such', () => {
  expect(escaped(Buffer.from([0x61, 0xff, 0xc3, 0x28, 0xe2, 0x82]))).toBe('a\\xff\\xc3(\\xe2\\x82');
  expect(escaped(Buffer.from([0xed, 0xa0, 0x80]))).toBe('\\xed\\xa0\\x80');
});

test('whatever comes in whatever pieces, nothing invisible comes out', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 12 }), { maxLength: 8 }), (chunks) => {
      const text = escaped(...chunks);
      // eslint-disable-next-line no-control-regex
      expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]|\p{Cf}|\p{Cs}/u);
      expect(text).toBe(escaped(Buffer.concat(chunks)));
    }),
  );
});
