import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_BUNDLE_ENTRY_BYTES, decodeBundle, encodeBundle } from './index.ts';

test('entries go there and back', () => {
  const entries = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 256 });
  fc.assert(
    fc.property(entries, (list) => {
      expect(decodeBundle(encodeBundle(list), list.length).map((entry) => [...entry])).toEqual(list.map((entry) => [...entry]));
    }),
  );
});

test('lengths are big-endian', () => {
  expect(encodeBundle([new Uint8Array(258).fill(7)]).slice(0, 3)).toEqual(Uint8Array.of(1, 2, 7));
  expect(encodeBundle([new Uint8Array(0)])).toEqual(Uint8Array.of(0, 0));
});

test('an entry may have 65,535 bytes, and not one more', () => {
  const entry = new Uint8Array(MAX_BUNDLE_ENTRY_BYTES).fill(1);
  expect(decodeBundle(encodeBundle([entry]), 1)).toEqual([entry]);
  expect(() => encodeBundle([new Uint8Array(MAX_BUNDLE_ENTRY_BYTES + 1)])).toThrow(expect.objectContaining({ code: 'out-of-range' }));
});

test('a bundle cut anywhere, or with anything after it, is malformed', () => {
  const bundle = encodeBundle([Uint8Array.of(1, 2, 3), new Uint8Array(0), Uint8Array.of(4)]);
  for (let length = 0; length < bundle.length; length++) {
    expect(() => decodeBundle(bundle.slice(0, length), 3)).toThrow(expect.objectContaining({ code: 'malformed-bundle' }));
  }
  expect(() => decodeBundle(new Uint8Array([...bundle, 0]), 3)).toThrow(expect.objectContaining({ code: 'malformed-bundle' }));
  expect(() => decodeBundle(bundle, 2)).toThrow(expect.objectContaining({ code: 'malformed-bundle' }));
  expect(() => decodeBundle(bundle, 4)).toThrow(expect.objectContaining({ code: 'malformed-bundle' }));
});

test('a bundle holds 1 to 256 entries', () => {
  for (const width of [0, 257, 1.5, -1]) {
    expect(() => decodeBundle(new Uint8Array(514), width)).toThrow(expect.objectContaining({ code: 'out-of-range' }));
  }
  expect(() => encodeBundle([])).toThrow(expect.objectContaining({ code: 'out-of-range' }));
  expect(() => encodeBundle(Array.from({ length: 257 }, () => new Uint8Array(1)))).toThrow(
    expect.objectContaining({ code: 'out-of-range' }),
  );
});
