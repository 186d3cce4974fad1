/**
 * Proof verification: docs/spec/index-map.md §5. A forged or malformed proof is `false`, never an exception, and every byte of a
 * proof must be used.
 */
import { EMPTY_ROOT, bytesEqual, type Hash } from '@verbatim/tlog';
import { IndexMapError } from './errors.ts';
import { hashPair, rootOfPairs, type Pair } from './hashing.ts';
import { checkKey, checkValue, hasPrefix, keyBit } from './key-bits.ts';
import { climb, decodePathProof, decodeSteps } from './proof.ts';

/** Most pairs of one prefix proof. For more, ask with longer prefixes (§6 of the specification). */
export const MAX_PREFIX_PAIRS = 65_536;

/** Does `proof` show that the map with `root` holds `value` under `key`? */
export function verifyPresence(root: Hash, { key, value }: Pair, proof: Uint8Array): boolean {
  return holds(() => {
    checkKey(key);
    checkValue(value);
    return bytesEqual(climb(hashPair({ key, value }), key, decodeSteps(proof)), root);
  });
}

/** Does `proof` show that the map with `root` holds nothing under `key`? */
export function verifyAbsence(root: Hash, key: Uint8Array, proof: Uint8Array): boolean {
  return holds(() => {
    checkKey(key);
    return verifyEndsElsewhere(root, key, proof, (other) => !bytesEqual(other, key));
  });
}

/**
 * Does `proof` show that these are *all* pairs of the map with `root` whose keys begin with `prefix`? The pairs may come in any
 * order, each once. None means that there is none.
 */
export function verifyPrefix(root: Hash, prefix: Uint8Array, pairs: readonly Pair[], proof: Uint8Array): boolean {
  return holds(() => {
    checkKey(prefix);
    if (pairs.length > MAX_PREFIX_PAIRS) return false;
    if (pairs.length === 0) return verifyEndsElsewhere(root, prefix, proof, (other) => !hasPrefix(other, prefix));
    // A stranger among them would make the subtree larger than the prefix; a step inside the prefix's subtree, smaller.
    if (!pairs.every(({ key }) => hasPrefix(key, prefix))) return false;
    return bytesEqual(climb(rootOfPairs(pairs), prefix, decodeSteps(proof, 8 * prefix.length - 1)), root);
  });
}

/** The look-up of `key` ends at a leaf that is not it. In the empty map it ends nowhere, and the proof is empty. */
function verifyEndsElsewhere(root: Hash, key: Uint8Array, proof: Uint8Array, isElsewhere: (other: Uint8Array) => boolean): boolean {
  if (proof.length === 0) return bytesEqual(root, EMPTY_ROOT);
  const { other, steps } = decodePathProof(proof);
  if (!isElsewhere(other.key)) return false;
  if (!steps.every(({ bit }) => keyBit(other.key, bit) === keyBit(key, bit))) return false;
  return bytesEqual(climb(hashPair(other), other.key, steps), root);
}

/** What the parsers refuse does not verify. */
function holds(check: () => boolean): boolean {
  try {
    return check();
  } catch (error) {
    if (error instanceof IndexMapError) return false;
    throw error;
  }
}
