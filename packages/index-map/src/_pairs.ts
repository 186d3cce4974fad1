/** Sets of pairs for the tests. */
import fc from 'fast-check';
import { concatBytes, sha256, utf8Encode } from '@verbatim/tlog';
import type { Pair } from './index.ts';

/** Keys that are each other's prefixes, and end as the padding reads: where an order goes wrong if it can. */
const awkwardKey = fc.array(fc.constantFrom(0x00, 0x01, 0x80, 0xfe, 0xff), { maxLength: 4 }).map((bytes) => Uint8Array.from(bytes));
const anyKey = fc.uint8Array({ maxLength: 40 }).map((bytes) => Uint8Array.from(bytes));
export const keys = fc.oneof(awkwardKey, anyKey);

const value = fc.uint8Array({ maxLength: 140 }).map((bytes) => Uint8Array.from(bytes));

/** From 0 to 24 pairs with different keys, in no order. */
export const pairSets: fc.Arbitrary<Pair[]> = fc.uniqueArray(fc.record({ key: keys, value }), {
  maxLength: 24,
  selector: ({ key }) => key.toString(),
});

/** Keys as the log's index has them: `lookups` prefixes of 32 bytes, with entries 0, 1, … spread over them. */
export function indexPairs(count: number, lookups: number = count): Pair[] {
  return Array.from({ length: count }, (_, i) => {
    const suffix = new Uint8Array(8);
    new DataView(suffix.buffer).setBigUint64(0, BigInt(i));
    return { key: concatBytes(sha256(utf8Encode(`lookup ${i % lookups}`)), suffix), value: sha256(utf8Encode(`entry ${i}`)) };
  });
}
