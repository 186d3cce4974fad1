import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TIMESTAMP, instantOf } from './timestamps.ts';

const AT = Date.parse('2026-03-04T05:06:07Z') / 1000;

describe('times as build tools write them', () => {
  test.each([
    ['2026-03-04T05:06:07Z', 1, AT],
    ['2026-03-04T05:06:07.123456789Z', 1, AT],
    ['2026-03-04T07:06:07+02:00', 1, AT],
    ['2026-03-04T00:06:07-0500', 1, AT],
    ['2026-03-04 05:06:07 +0000 UTC', 1, AT],
    ['2026-03-04_05:06:07', 1, AT],
    ['2026-03-04T05:06Z', 60, AT - 7],
    ['2026-03-04', 86_400, AT - 7 - 6 * 60 - 5 * 3600],
    ['Wed, 04 Mar 2026 05:06:07 +0000', 1, AT],
    ['Wed, 4 Mar 2026 06:06:07 +0100', 1, AT],
    ['Wed Mar  4 05:06:07 UTC 2026', 1, AT],
    ['Wed Mar  4 05:06:07 2026', 1, AT],
    ['Mar  4 2026', 86_400, AT - 7 - 6 * 60 - 5 * 3600],
    ['Mar  4 2026 05:06:07', 1, AT],
    ['20260304050607', 1, AT],
    ['20260304T050607Z', 1, AT],
    ['1772600767', 1, AT],
  ])('%s is found inside other text, and read', (text, precision, seconds) => {
    const found = [...`built:${text};`.matchAll(TIMESTAMP)].map(([match]) => match);
    expect(found).toEqual([text]);
    expect(instantOf(text)).toEqual({ seconds, precision });
  });

  test.each(['2026-13-04', '2026-02-30', '2026-03-04T25:00:00Z', '2026-00-10', 'Feb 30 2026', '05:06:07', '20261399050607'])(
    '%s is no moment',
    (text) => {
      expect(instantOf(text)).toBeNull();
    },
  );

  test('every moment that JavaScript writes is read back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_400_000_000, max: 1_999_999_999 }), (seconds) => {
        const date = new Date(seconds * 1000);
        expect(instantOf(date.toISOString())?.seconds).toBe(seconds);
        expect(instantOf(date.toUTCString())?.seconds).toBe(seconds);
        expect(instantOf(String(seconds))?.seconds).toBe(seconds);
      }),
    );
  });

  test('any text at all is read without an error', () => {
    fc.assert(fc.property(fc.stringMatching(/^[0-9A-Za-z :,.+-]{0,40}$/), (text) => void instantOf(text)));
  });
});
