import { expect, test } from 'vitest';
import { asked, closed, failed, FIRST_PACE, mayAsk, pushedBack, succeeded } from './pace.ts';

test('one round at a time', () => {
  expect(mayAsk(FIRST_PACE, 0)).toBe(true);
  expect(mayAsk(asked(FIRST_PACE), 1e9)).toBe(false);
});

test('a witness’s interval is kept after success', () => {
  const pace = succeeded(asked(FIRST_PACE), 1000, 500);
  expect(mayAsk(pace, 1499)).toBe(false);
  expect(mayAsk(pace, 1500)).toBe(true);
});

test('pauses double up to half a minute, and success ends them', () => {
  let pace = FIRST_PACE;
  const pauses: number[] = [];
  for (let i = 0; i < 12; i++) {
    pace = failed(asked(pace), 0, 0);
    pauses.push(pace.notBefore);
  }
  expect(pauses.slice(0, 4)).toEqual([250, 500, 1000, 2000]);
  expect(pauses.at(-1)).toBe(30_000);
  expect(succeeded(asked(pace), 0, 0)).toMatchObject({ failures: 0, notBefore: 0 });
});

test('Retry-After is obeyed, and never below the interval', () => {
  expect(pushedBack(asked(FIRST_PACE), 0, 0, 7).notBefore).toBe(7000);
  expect(pushedBack(asked(FIRST_PACE), 0, 60_000, 7).notBefore).toBe(60_000);
});

test('a closed witness is never asked again', () => {
  expect(mayAsk(closed(asked(FIRST_PACE)), 1e12)).toBe(false);
});
