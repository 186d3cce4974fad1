/** The index map by its definition (docs/spec/index-map.md §3 and §4): for indexes that lie, and to compare with. Slow and obviously right. */
import { hashInner, hashPair, lookupKey, mapKey, type Pair } from '@verbatim/index-map';
import { type DecodedEntry, decodeEntry, type Lookup, lookupsOf, PREDICATE, type ReleaseStatement } from '@verbatim/statements';
import { concatBytes, EMPTY_ROOT, type Hash, hashLeaf } from '@verbatim/tlog';

/** The pairs of an index over these entries. Entries that are no statements are in no index. */
export function indexPairs(entries: readonly Uint8Array[], origin: string): Pair[] {
  return indexLookups(entries, origin).map(({ index, lookup: { type, value } }) => ({
    key: mapKey(lookupKey(type, value), BigInt(index)),
    value: hashLeaf(entries[index]!),
  }));
}

/** What each entry stands under, in order. */
export function indexLookups(entries: readonly Uint8Array[], origin: string): { readonly index: number; readonly lookup: Lookup }[] {
  const statements = entries.map((entry) => statementOf(entry));
  const releaseAt = (index: number): ReleaseStatement | null => {
    const statement = statements[index];
    return statement?.predicateType === PREDICATE.release ? statement : null;
  };
  return statements.flatMap((statement, index) => {
    const lookups = statement === null ? [] : lookupsOf(statement, { origin, releaseAt });
    return lookups.map((lookup) => ({ index, lookup }));
  });
}

function statementOf(entry: Uint8Array): DecodedEntry['statement'] | null {
  try {
    return decodeEntry(entry).statement;
  } catch {
    return null;
  }
}

/** Root of the map that holds these pairs. */
export function indexRoot(pairs: readonly Pair[]): Hash {
  if (pairs.length === 0) return EMPTY_ROOT;
  if (pairs.length === 1) return hashPair(pairs[0]!);
  const { bit, sides } = split(pairs);
  return hashInner(bit, indexRoot(sides[0]), indexRoot(sides[1]));
}

/** Proof that the pairs with this lookup key's hash are all, or that there is none. */
export function proveLookup(pairs: readonly Pair[], { type, value }: Lookup): Uint8Array {
  const prefix = lookupKey(type, value);
  if (pairs.length === 0) return new Uint8Array(0);
  const steps: Uint8Array[] = [];
  let below = pairs;
  while (below.length > 1 && !below.every(({ key }) => hasPrefix(key, prefix))) {
    const { bit, sides } = split(below);
    const side = bitOf(prefix, bit);
    steps.unshift(concatBytes(varint(bit), indexRoot(sides[side === 0 ? 1 : 0])));
    below = sides[side];
  }
  const [leaf] = below as [Pair];
  if (hasPrefix(leaf.key, prefix)) return concatBytes(...steps);
  return concatBytes(varint(leaf.key.length), leaf.key, varint(leaf.value.length), leaf.value, ...steps);
}

/** By the first bit at which not all keys are the same. Keys of a log's index have one length. */
function split(pairs: readonly Pair[]): { bit: number; sides: [Pair[], Pair[]] } {
  for (let bit = 0; ; bit++) {
    const first = bitOf(pairs[0]!.key, bit);
    if (pairs.every(({ key }) => bitOf(key, bit) === first)) continue;
    return { bit, sides: [pairs.filter(({ key }) => bitOf(key, bit) === 0), pairs.filter(({ key }) => bitOf(key, bit) === 1)] };
  }
}

/** Beyond a key of 32 bytes stand 0x00 and then 0xFF without end. */
function bitOf(key: Uint8Array, bit: number): 0 | 1 {
  const byte = key[bit >> 3] ?? (bit >> 3 === key.length ? 0 : 0xff);
  return ((byte >> (7 - (bit & 7))) & 1) as 0 | 1;
}

function hasPrefix(key: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.every((byte, i) => key[i] === byte);
}

/** Of a number below 2^14, such as every bit of a key of 40 bytes. */
function varint(value: number): Uint8Array {
  return value < 0x80 ? Uint8Array.of(value) : Uint8Array.of((value & 0x7f) | 0x80, value >> 7);
}
