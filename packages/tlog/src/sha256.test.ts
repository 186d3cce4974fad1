import { sha256 as sha256Pure } from '@noble/hashes/sha2.js';
import { expect, test } from 'vitest';
import { sha256 } from './index.ts';

test('SHA-256 is that of @noble/hashes for every length, and for a view into larger memory', () => {
  const memory = Uint8Array.from({ length: 20_000 }, (_, i) => (i * 7919) >> 3);
  for (const length of [...Array(1_100).keys(), 2_047, 16_384]) {
    const view = memory.subarray(length % 97, (length % 97) + length);
    const found = sha256(view);
    expect(found).toEqual(sha256Pure(view));
    expect(Object.getPrototypeOf(found)).toBe(Uint8Array.prototype);
  }
});
