import { encodeBundle } from '@verbatim/tlog';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OpenBundle } from './open-bundle.ts';

test('at every width it is the bundle that tlog encodes', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 3000 }), { minLength: 1, maxLength: 60 }), (entries) => {
      const bundle = new OpenBundle();
      entries.forEach((entry, i) => {
        bundle.add(entry);
        expect(bundle.width).toBe(i + 1);
        expect(bundle.content()).toEqual(encodeBundle(entries.slice(0, i + 1)));
      });
    }),
    { numRuns: 25 },
  );
});

test('the longest entries fit, longer ones are refused', () => {
  const bundle = new OpenBundle();
  for (let i = 0; i < 3; i++) bundle.add(new Uint8Array(65_535).fill(i));
  expect(bundle.content()).toEqual(encodeBundle([0, 1, 2].map((fill) => new Uint8Array(65_535).fill(fill))));
  expect(() => bundle.add(new Uint8Array(65_536))).toThrow(RangeError);
});
