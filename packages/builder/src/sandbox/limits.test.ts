import { expect, test } from 'vitest';
import { DEFAULT_LIMITS, limitsOf } from './limits.ts';

test('limits that are not given have defaults', () => {
  expect(limitsOf({ processes: 7 })).toEqual({ ...DEFAULT_LIMITS, processes: 7 });
});

test('no limit can be switched off', () => {
  for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    expect(() => limitsOf({ memoryBytes: value })).toThrow(/limit memoryBytes/);
  }
});
