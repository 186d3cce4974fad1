import { expect, test } from 'vitest';
import { MAX_SIZE, parseDecimal } from './index.ts';

test('canonical decimals up to 2^63 − 1 are read exactly', () => {
  for (const value of [0n, 1n, 10n, 9007199254740993n, MAX_SIZE]) expect(parseDecimal(value.toString(), 'a size')).toBe(value);
});

test.each(['', ' 1', '1 ', '1\n', '\u00a01', '01', '00', '-0', '-1', '+1', '0x10', '1e3', '1.0', '1_000', '١'])('%j is refused', (text) => {
  expect(() => parseDecimal(text, 'a size')).toThrow(expect.objectContaining({ code: 'bad-encoding' }));
});

test('2^63 and anything longer is refused, however long', () => {
  expect(() => parseDecimal((MAX_SIZE + 1n).toString(), 'a size')).toThrow(expect.objectContaining({ code: 'out-of-range' }));
  expect(() => parseDecimal('1'.repeat(1_000_000), 'a size')).toThrow(expect.objectContaining({ code: 'bad-encoding' }));
  expect(() => parseDecimal('8', 'a size', 7n)).toThrow(expect.objectContaining({ code: 'out-of-range' }));
});
