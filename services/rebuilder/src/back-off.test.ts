import { expect, test } from 'vitest';
import fc from 'fast-check';
import { isExhausted, MAX_RETRY_AFTER_MS, waitAfter } from './back-off.ts';

const backOff = { baseMs: 1000, capMs: 60_000, maxTries: 5 };

test('the wait doubles up to its cap', () => {
  expect([1, 2, 3, 6, 7, 100].map((tries) => waitAfter(tries, backOff, null, 0))).toEqual([1000, 2000, 4000, 32_000, 60_000, 60_000]);
});

test('what the other side asked for is a lower bound', () => {
  expect(waitAfter(1, backOff, 30_000, 0)).toBe(30_000);
  expect(waitAfter(7, backOff, 30_000, 0)).toBe(60_000);
});

test('no answer can park a job for longer than a day', () => {
  expect(waitAfter(1, backOff, Number.MAX_SAFE_INTEGER, 0)).toBe(MAX_RETRY_AFTER_MS);
});

test('the wait is never shorter than the base nor longer than the cap and a fifth', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (tries, random) => {
      const wait = waitAfter(tries, backOff, null, random);
      return wait >= backOff.baseMs && wait <= backOff.capMs * 1.2;
    }),
  );
});

test('starts are counted up to the maximum', () => {
  expect([4, 5, 6].map((tries) => isExhausted(tries, backOff))).toEqual([false, true, true]);
});
