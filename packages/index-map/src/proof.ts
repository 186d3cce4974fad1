/** Proofs as bytes, parsed strictly. docs/spec/index-map.md §4. */
import { concatBytes, type Hash } from '@verbatim/tlog';
import { IndexMapError } from './errors.ts';
import { encodePair, hashInner, type Pair } from './hashing.ts';
import { MAX_BIT, MAX_KEY_BYTES, MAX_VALUE_BYTES, keyBit } from './key-bits.ts';
import { ByteReader, encodeVarint } from './varint.ts';

/** One inner node on the way up: its bit, and the hash of the side that is not the key's. */
export interface Step {
  readonly bit: number;
  readonly sibling: Hash;
}

/** Of at most MAX_BIT + 1 steps, in the order of the proof: from the leaf or subtree up. */
export function encodeSteps(steps: readonly Step[]): Uint8Array {
  return concatBytes(...steps.flatMap(({ bit, sibling }) => [encodeVarint(bit), sibling]));
}

/** Another key's pair, and the steps from its leaf. */
export function encodePathProof(other: Pair, steps: readonly Step[]): Uint8Array {
  return concatBytes(encodePair(other), encodeSteps(steps));
}

/** Consumes all of `bytes`; bits are at most `maxBit` and strictly decrease. Throws `malformed-proof`. */
export function decodeSteps(bytes: Uint8Array, maxBit: number = MAX_BIT): Step[] {
  return readSteps(new ByteReader(bytes, 'malformed-proof'), maxBit);
}

/** Strict as `decodeSteps`, and about the lengths of key and value. Throws `malformed-proof`. */
export function decodePathProof(bytes: Uint8Array): { other: Pair; steps: Step[] } {
  const reader = new ByteReader(bytes, 'malformed-proof');
  const other = { key: reader.prefixed(MAX_KEY_BYTES, 'a key'), value: reader.prefixed(MAX_VALUE_BYTES, 'a value') };
  return { other, steps: readSteps(reader, MAX_BIT) };
}

function readSteps(reader: ByteReader, maxBit: number): Step[] {
  const steps: Step[] = [];
  let limit = maxBit;
  while (!reader.done) {
    // Bits fall from step to step, which also bounds the number of steps.
    if (limit < 0) throw new IndexMapError('malformed-proof', 'expected the end of the proof after bit 0');
    const bit = reader.varint(limit, 'a bit below the one before');
    steps.push({ bit, sibling: reader.hash('a sibling') });
    limit = bit - 1;
  }
  return steps;
}

/** The root to which the steps lead from `hash`, for a key or prefix whose bits say on which side it stands. */
export function climb(hash: Hash, key: Uint8Array, steps: readonly Step[]): Hash {
  let result = hash;
  for (const { bit, sibling } of steps) {
    result = keyBit(key, bit) === 0 ? hashInner(bit, result, sibling) : hashInner(bit, sibling, result);
  }
  return result;
}
