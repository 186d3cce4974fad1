import { describe, expect, test } from 'vitest';
import { hashLeaf, sha256, toHex, utf8Encode } from '@verbatim/tlog';
import { build } from './_naive.ts';
import {
  MAX_LOOKUP_BYTES,
  MemoryNodeStore,
  lookupKey,
  mapKey,
  parseIndexPair,
  provePrefix,
  rootOf,
  verifyLookup,
  type LookupType,
} from './index.ts';

const DIGEST = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const lookup = lookupKey('artifact', DIGEST);
const MAX_INDEX = 2n ** 63n - 1n;
const outOfRange = expect.objectContaining({ code: 'out-of-range' });

test('a lookup key is the hash of type and value, and one digest has another key in every role', () => {
  expect(lookup).toEqual(sha256(utf8Encode(`artifact:${DIGEST}`)));
  expect(toHex(lookupKey('observed', DIGEST))).not.toBe(toHex(lookup));
});

test.each<[LookupType, string]>([
  ['artifact', DIGEST.toUpperCase()],
  ['artifact', DIGEST.slice(1)],
  ['artifact', `sha256:${DIGEST}`],
  ['observed', `${DIGEST}\n`],
  ['release', ''],
  ['release', 'golang/example.com'],
  ['release', 'pkg:golang/example.com/a b'],
  ['release', `pkg:golang/${'a'.repeat(MAX_LOOKUP_BYTES)}`],
  ['release', 'pkg:golang/\ud800'],
  ['rebuilder', 'example.com/foo'],
  ['rebuilder', 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'],
  ['rebuilder', DIGEST.toUpperCase()],
  ['control', ''],
  ['control', 'log.example/a b'],
  ['control', 'log.example+a'],
])('%s %j is no lookup', (type, value) => {
  expect(() => lookupKey(type, value)).toThrow(expect.objectContaining({ code: 'bad-lookup' }));
});

describe('a map key', () => {
  test.each([0n, 1n, 255n, 256n, 2n ** 32n, MAX_INDEX])('names entry %d and goes back', (index) => {
    const leafHash = hashLeaf(utf8Encode('entry'));
    expect(parseIndexPair({ key: mapKey(lookup, index), value: leafHash })).toEqual({ lookup, index, leafHash });
  });

  test('is refused beyond 2^63 − 1, below 0, and in any other length', () => {
    for (const index of [-1n, MAX_INDEX + 1n]) expect(() => mapKey(lookup, index)).toThrow(outOfRange);
    expect(() => mapKey(lookup.slice(1), 0n)).toThrow(RangeError);
    const key = mapKey(lookup, 7n);
    for (const pair of [
      { key: key.with(32, 0x80), value: lookup },
      { key: key.slice(1), value: lookup },
      { key, value: lookup.slice(1) },
    ]) {
      expect(() => parseIndexPair(pair)).toThrow(outOfRange);
    }
  });
});

test('all entries under a lookup verify, and one fewer, one more or another does not', async () => {
  const entries = [2n, 9n, 300n].map((index) => ({ index, leafHash: hashLeaf(utf8Encode(`entry ${index}`)) }));
  const other = lookupKey('observed', DIGEST);
  const pairs = [lookup, other].flatMap((some) => entries.map(({ index, leafHash }) => ({ key: mapKey(some, index), value: leafHash })));
  const { store, state } = await build(new MemoryNodeStore(), pairs);
  const { pairs: found, proof } = await provePrefix(store, state, lookup);
  expect(found.map((pair) => parseIndexPair(pair))).toEqual(entries.map((entry) => ({ lookup, ...entry })));
  const verify = (some: typeof entries, under = lookup) => verifyLookup(rootOf(state), under, some, proof);
  expect(verify(entries)).toBe(true);
  expect(verify(entries.toReversed())).toBe(true);
  expect(verify(entries.slice(1))).toBe(false);
  expect(verify([])).toBe(false);
  expect(verify([...entries, { index: 301n, leafHash: lookup }])).toBe(false);
  expect(verify(entries.with(0, { ...entries[0]!, index: 3n }))).toBe(false);
  expect(verify(entries.with(0, { ...entries[0]!, index: -1n }))).toBe(false);
  expect(verify(entries, other)).toBe(false);
  expect(verify(entries, lookup.slice(1))).toBe(false);
});

test('pages by longer prefixes hold every entry once', async () => {
  const indexes = [1n, 65_535n, 65_536n, 200_000n];
  const pairs = indexes.map((index) => ({ key: mapKey(lookup, index), value: lookup }));
  const { store, state } = await build(new MemoryNodeStore(), pairs);
  const pages = [0n, 1n, 2n, 3n].map((window) => provePrefix(store, state, mapKey(lookup, window << 16n).slice(0, 38)));
  const found = (await Promise.all(pages)).map((page) => page.pairs.map((pair) => parseIndexPair(pair).index));
  expect(found).toEqual([[1n, 65_535n], [65_536n], [], [200_000n]]);
});
