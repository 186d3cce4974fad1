import { expect, test } from 'vitest';
import { worstExit } from './result.ts';

test.each([
  [[0, 0], 0],
  [[], 3],
  [[0, 3], 3],
  [[3, 4], 4],
  [[0, 1], 1],
  [[1, 3], 1],
  [[4, 1], 1],
])('programs that end with %j make a file that ends with %d', (codes, expected) => {
  expect(worstExit(codes)).toBe(expected);
});
