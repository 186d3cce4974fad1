import { sha256 as sha256Pure } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha256 } from './index.ts';

test('SHA-256 by the platform is that of @noble/hashes, for every length and for a view into larger memory', () => {
  expect(sha256).not.toBe(sha256Pure);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5_000 }), fc.nat(64), (bytes, start) => {
      const view = bytes.subarray(start);
      expect(sha256(view)).toEqual(sha256Pure(view));
      expect(sha256(view)).toHaveLength(32);
    }),
  );
});
