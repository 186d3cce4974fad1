import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader, encodeVarint } from './varint.ts';

const read = (bytes: Uint8Array, max = Number.MAX_SAFE_INTEGER) => {
  const reader = new ByteReader(bytes, 'malformed-proof');
  const value = reader.varint(max, 'a number');
  reader.end();
  return value;
};
const malformed = expect.objectContaining({ code: 'malformed-proof' });

test.each([
  [0, [0]],
  [127, [127]],
  [128, [0x80, 1]],
  [300, [0xac, 2]],
  [16_384, [0x80, 0x80, 1]],
  [2 ** 32, [0x80, 0x80, 0x80, 0x80, 0x10]],
  [Number.MAX_SAFE_INTEGER, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]],
])('%d is spelled %j', (value, bytes) => {
  expect([...encodeVarint(value)]).toEqual(bytes);
  expect(read(Uint8Array.from(bytes))).toBe(value);
});

test('a number goes there and back', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      expect(read(encodeVarint(value))).toBe(value);
    }),
  );
});

test('only canonical spellings are read', () => {
  const bytes = fc.uint8Array({ maxLength: 10 }).map((data) => Uint8Array.from(data));
  fc.assert(
    fc.property(bytes, (data) => {
      let value: number;
      try {
        value = read(data);
      } catch {
        return;
      }
      expect(encodeVarint(value)).toEqual(data);
    }),
    { numRuns: 2000 },
  );
});

describe('a reader refuses', () => {
  test.each([
    ['nothing', []],
    ['a varint without its end', [0x80]],
    ['a zero in two bytes', [0x80, 0]],
    ['one in three bytes', [0x81, 0x80, 0]],
    ['2^53', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]],
    ['endless groups', Array.from({ length: 100 }, () => 0x80)],
    ['bytes after the end', [1, 0]],
  ])('%s', (_name, bytes) => {
    expect(() => read(Uint8Array.from(bytes))).toThrow(malformed);
  });

  test('a number above the limit, and not the limit', () => {
    for (const max of [0, 1, 127, 128, 255, 2055]) {
      expect(read(encodeVarint(max), max)).toBe(max);
      expect(() => read(encodeVarint(max + 1), max)).toThrow(malformed);
    }
  });

  test('a length that promises more than there is', () => {
    expect(() => new ByteReader(Uint8Array.of(3, 1, 2), 'malformed-node').prefixed(9, 'a key')).toThrow(
      expect.objectContaining({ code: 'malformed-node' }),
    );
  });
});

test('only safe integers have a spelling', () => {
  for (const value of [-1, 0.5, Number.NaN, 2 ** 53]) expect(() => encodeVarint(value)).toThrow(RangeError);
});
