/** How the log's index uses the map: docs/spec/index-map.md §6. */
import { HASH_BYTES, MAX_SIZE, bytesEqual, concatBytes, isKeyName, sha256, utf8Encode, type Hash } from '@verbatim/tlog';
import { IndexMapError } from './errors.ts';
import type { Pair } from './hashing.ts';
import { verifyPrefix } from './verify.ts';

/**
 * What entries can be looked up by: `artifact` and `observed` by SHA-256 in lower-case hex, `release` by its canonical purl,
 * `rebuilder` by its keyid in lower-case hex, `control` by the log's origin.
 */
export type LookupType = 'artifact' | 'observed' | 'release' | 'rebuilder' | 'control';

/** Longest lookup value in bytes of UTF-8. */
export const MAX_LOOKUP_BYTES = 4096;

const INDEX_BYTES = 8;

/** One entry under a lookup key. */
export interface IndexedEntry {
  /** Of the entry in the log. */
  readonly index: bigint;
  readonly leafHash: Hash;
}

/**
 * SHA-256 of "type:value": the prefix of all map keys about it. Throws `bad-lookup` for a value that is not in the canonical
 * spelling of its type, as far as this package can tell (of a purl only that it is one).
 *
 * @example
 * const lookup = lookupKey('artifact', 'e3b0c442…');
 */
export function lookupKey(type: LookupType, value: string): Hash {
  if (!isValue(type, value)) throw new IndexMapError('bad-lookup', `expected the canonical spelling of a lookup value of type ${type}`);
  return sha256(utf8Encode(`${type}:${value}`));
}

function isValue(type: LookupType, value: string): boolean {
  if (value.length > MAX_LOOKUP_BYTES || !value.isWellFormed() || utf8Encode(value).length > MAX_LOOKUP_BYTES) return false;
  switch (type) {
    case 'artifact':
    case 'observed':
    case 'rebuilder':
      return /^[0-9a-f]{64}$/.test(value);
    case 'release':
      return /^pkg:[^\s]+$/.test(value);
    case 'control':
      return isKeyName(value);
  }
}

/** The key under which entry `index` stands for a lookup key: lookup ‖ index, 8 bytes, big-endian. Throws `out-of-range`. */
export function mapKey(lookup: Hash, index: bigint): Uint8Array {
  if (lookup.length !== HASH_BYTES) throw new RangeError(`expected a ${HASH_BYTES}-byte lookup key, found ${lookup.length} bytes`);
  if (index < 0n || index > MAX_SIZE) throw new IndexMapError('out-of-range', `expected an entry index in 0…${MAX_SIZE}, found ${index}`);
  const suffix = new Uint8Array(INDEX_BYTES);
  new DataView(suffix.buffer).setBigUint64(0, index);
  return concatBytes(lookup, suffix);
}

/** The entry that a pair of the index stands for. Throws `out-of-range` when it cannot be one. */
export function parseIndexPair({ key, value }: Pair): { lookup: Hash } & IndexedEntry {
  if (key.length !== HASH_BYTES + INDEX_BYTES || value.length !== HASH_BYTES) {
    throw new IndexMapError('out-of-range', `expected a key of 40 bytes and a value of 32, found ${key.length} and ${value.length}`);
  }
  const lookup = key.slice(0, HASH_BYTES);
  const index = new DataView(key.buffer, key.byteOffset + HASH_BYTES, INDEX_BYTES).getBigUint64(0);
  // Also refuses an index of 2^63 and above.
  if (!bytesEqual(mapKey(lookup, index), key)) throw new IndexMapError('out-of-range', 'expected a key that spells its index');
  return { lookup, index, leafHash: value.slice() };
}

/**
 * Does `proof` show that these are all entries that the index with `root` knows under `lookup`? The entries themselves are the
 * caller's to verify: that each has this leaf hash, is in the log, and belongs under this key.
 */
export function verifyLookup(root: Hash, lookup: Hash, entries: readonly IndexedEntry[], proof: Uint8Array): boolean {
  if (lookup.length !== HASH_BYTES) return false;
  if (!entries.every(({ index, leafHash }) => index >= 0n && index <= MAX_SIZE && leafHash.length === HASH_BYTES)) return false;
  const pairs = entries.map(({ index, leafHash }) => ({ key: mapKey(lookup, index), value: leafHash }));
  return verifyPrefix(root, lookup, pairs, proof);
}
