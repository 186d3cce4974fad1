import { expect, test } from 'vitest';
import { counted } from './counted.ts';

test('only one is singular', () => {
  expect([0, 1, 2].map((count) => counted(count, 'tile'))).toEqual(['0 tiles', '1 tile', '2 tiles']);
  expect([0n, 1n, 11n].map((count) => counted(count, 'entry', 'entries'))).toEqual(['0 entries', '1 entry', '11 entries']);
});
