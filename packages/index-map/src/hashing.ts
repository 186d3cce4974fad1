/** Hashes of the map's nodes, and the root of a set. docs/spec/index-map.md §3. */
import { EMPTY_ROOT, HASH_BYTES, sha256, type Hash } from '@verbatim/tlog';
import { IndexMapError } from './errors.ts';
import { checkKey, checkValue, compareKeys, firstDifference, keyBit, MAX_BIT } from './key-bits.ts';
import { varintLength, writeVarint } from './varint.ts';

/** What a map holds: bytes under bytes. Both are bounded by MAX_KEY_BYTES and MAX_VALUE_BYTES. */
export interface Pair {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** The first byte of what is hashed. */
export const LEAF = 0x00;
export const INNER = 0x01;

/** len(key) ‖ key ‖ len(value) ‖ value, after the bytes of `first`. */
export function encodePair({ key, value }: Pair, ...first: number[]): Uint8Array {
  const [keyStart, valueLength] = [first.length + varintLength(key.length), varintLength(value.length)];
  const out = new Uint8Array(keyStart + key.length + valueLength + value.length);
  out.set(first);
  writeVarint(out, first.length, key.length);
  out.set(key, keyStart);
  out.set(value, writeVarint(out, keyStart + key.length, value.length));
  return out;
}

/** SHA-256(0x00 ‖ len(key) ‖ key ‖ len(value) ‖ value). */
export function hashPair(pair: Pair): Hash {
  return sha256(encodePair(pair, LEAF));
}

/** Filled anew for each inner node: memory of its own for each would cost as much as the hash. A bit of MAX_BIT takes two bytes. */
const innerData = new Uint8Array(1 + varintLength(MAX_BIT) + 2 * HASH_BYTES);
innerData[0] = INNER;

/** SHA-256(0x01 ‖ bit ‖ left ‖ right). Both children must be 32 bytes. */
export function hashInner(bit: number, left: Hash, right: Hash): Hash {
  if (left.length !== HASH_BYTES || right.length !== HASH_BYTES) {
    throw new RangeError(`expected two ${HASH_BYTES}-byte hashes, found ${left.length} and ${right.length} bytes`);
  }
  if (bit > MAX_BIT) throw new RangeError(`expected a bit of at most ${MAX_BIT}, found ${bit}`);
  const at = writeVarint(innerData, 1, bit);
  innerData.set(left, at);
  innerData.set(right, at + HASH_BYTES);
  return sha256(innerData.subarray(0, at + 2 * HASH_BYTES));
}

/**
 * The root of the map that holds exactly these pairs, in whatever order they come; `EMPTY_ROOT` for none.
 * Throws `out-of-range` for a key or value that is too long, `key-taken` for a key that comes twice.
 */
export function rootOfPairs(pairs: readonly Pair[]): Hash {
  for (const { key, value } of pairs) {
    checkKey(key);
    checkValue(value);
  }
  const sorted = pairs.toSorted((a, b) => compareKeys(a.key, b.key));
  return sorted.length === 0 ? EMPTY_ROOT : rootOfRange(sorted, 0, sorted.length);
}

/** Of the sorted pairs in [start, end), which is not empty. */
function rootOfRange(sorted: readonly Pair[], start: number, end: number): Hash {
  if (end - start === 1) return hashPair(sorted[start]!);
  // In sorted order the outermost keys differ first.
  const bit = firstDifference(sorted[start]!.key, sorted[end - 1]!.key);
  if (bit === null) throw new IndexMapError('key-taken', 'expected every key once, found one twice');
  let [low, high] = [start, end - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keyBit(sorted[middle]!.key, bit) === 0) low = middle + 1;
    else high = middle;
  }
  return hashInner(bit, rootOfRange(sorted, start, low), rootOfRange(sorted, low, end));
}
