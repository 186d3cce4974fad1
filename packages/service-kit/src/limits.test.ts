import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RateLimiter } from './limits.ts';

test('a burst passes, then one per interval', () => {
  let now = 0;
  const limiter = new RateLimiter({ perSecond: 2, burst: 3 }, () => now);
  const take = (): boolean => limiter.take('a').ok;
  expect([take(), take(), take(), take()]).toEqual([true, true, true, false]);
  expect(limiter.take('b').ok).toBe(true);
  now = 0.5;
  expect([take(), take()]).toEqual([true, false]);
  now = 100;
  expect([take(), take(), take(), take()]).toEqual([true, true, true, false]);
});

test('the refusal says after how many seconds it is worth trying', () => {
  let now = 0;
  const limiter = new RateLimiter({ perSecond: 0.1, burst: 1 }, () => now);
  limiter.take('a');
  const refused = limiter.take('a');
  expect(refused).toEqual({ ok: false, retryAfter: 10 });
  now = 10;
  expect(limiter.take('a').ok).toBe(true);
});

test('what is charged afterwards is paid before the next one', () => {
  let now = 0;
  const limiter = new RateLimiter({ perSecond: 2, burst: 4 }, () => now);
  expect(limiter.take('a').ok).toBe(true);
  limiter.charge('a', 9);
  expect(limiter.take('a')).toEqual({ ok: false, retryAfter: 4 });
  expect(limiter.take('b').ok).toBe(true);
  now = 3.5;
  expect([limiter.take('a').ok, limiter.take('a').ok]).toEqual([true, false]);
});

test('no more keys than allowed are remembered: the one used least recently goes', () => {
  const limiter = new RateLimiter({ perSecond: 0.001, burst: 1, maxKeys: 2 }, () => 0);
  for (const key of ['a', 'b', 'c']) expect(limiter.take(key).ok).toBe(true);
  expect(limiter.take('c').ok).toBe(false);
  expect(limiter.take('b').ok).toBe(false);
  expect(limiter.take('a').ok).toBe(true);
});

test('in any window, no key gets more than burst plus rate times time', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 3, noNaN: true }), { maxLength: 60 }), (steps) => {
      let now = 0;
      let taken = 0;
      const limiter = new RateLimiter({ perSecond: 2, burst: 5 }, () => now);
      for (const step of steps) {
        now += step;
        if (limiter.take('a').ok) taken++;
      }
      return taken <= 5 + 2 * now + 1e-6;
    }),
  );
});
