import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { EMPTY_ROOT, bytesEqual, concatBytes, sha256 } from '@verbatim/tlog';
import { build, naiveRoot } from './_naive.ts';
import { indexPairs, keys, pairSets } from './_pairs.ts';
import {
  EMPTY_MAP,
  MAX_KEY_BYTES,
  MAX_PREFIX_PAIRS,
  MemoryNodeStore,
  addPairs,
  hashPair,
  proveKey,
  provePrefix,
  rootOf,
  rootOfPairs,
  verifyAbsence,
  verifyPrefix,
  verifyPresence,
  type MapState,
  type Pair,
} from './index.ts';
import { hasPrefix } from './key-bits.ts';
import { decodeSteps, encodePathProof, encodeSteps } from './proof.ts';
import { encodeVarint } from './varint.ts';

/** Every way to damage bytes: each bit flipped, each byte missing or doubled, cut anywhere, one more at each end. */
function* damaged(bytes: Uint8Array): Generator<Uint8Array> {
  for (let bit = 0; bit < 8 * bytes.length; bit++) yield bytes.with(bit >> 3, bytes[bit >> 3]! ^ (1 << (bit & 7)));
  for (let i = 0; i < bytes.length; i++) {
    yield bytes.slice(0, i);
    yield concatBytes(bytes.slice(0, i), bytes.slice(i + 1));
  }
  for (const extra of [0x00, 0x01, 0x80, 0xff]) {
    yield Uint8Array.of(...bytes, extra);
    yield Uint8Array.of(extra, ...bytes);
  }
}

test('for every set and key, presence or absence is proved, and never the opposite', async () => {
  await fc.assert(
    fc.asyncProperty(pairSets, fc.array(keys, { maxLength: 5 }), async (pairs, others) => {
      const { store, state } = await build(new MemoryNodeStore(), pairs);
      const root = naiveRoot(pairs);
      for (const key of [...others, ...pairs.map((pair) => pair.key)]) {
        const expected = pairs.find((pair) => bytesEqual(pair.key, key))?.value ?? null;
        const { value, proof } = await proveKey(store, state, key);
        expect(value).toEqual(expected);
        expect(verifyAbsence(root, key, proof)).toBe(expected === null);
        expect(verifyPresence(root, { key, value: expected ?? proof.slice(0, 1) }, proof)).toBe(expected !== null);
        if (expected !== null) expect(verifyPresence(root, { key, value: Uint8Array.of(...expected, 0) }, proof)).toBe(false);
      }
    }),
  );
});

test('for every set and prefix the proof shows all pairs, and no other set of pairs', async () => {
  const prefix = keys.map((key) => key.slice(0, 3));
  await fc.assert(
    fc.asyncProperty(pairSets, fc.array(prefix, { maxLength: 5 }), async (pairs, others) => {
      const { store, state } = await build(new MemoryNodeStore(), pairs);
      const root = naiveRoot(pairs);
      for (const some of [...others, ...pairs.flatMap(({ key }) => [key, key.slice(0, 1), key.slice(0, 0)])]) {
        const expected = pairs.filter(({ key }) => hasPrefix(key, some));
        const { pairs: found, proof } = await provePrefix(store, state, some);
        expect(new Set(found.map(({ key }) => key.toString()))).toEqual(new Set(expected.map(({ key }) => key.toString())));
        expect(verifyPrefix(root, some, expected, proof)).toBe(true);
        for (let i = 0; i < expected.length; i++) {
          expect(verifyPrefix(root, some, expected.toSpliced(i, 1), proof)).toBe(false);
          expect(verifyPrefix(root, some, [...expected, expected[i]!], proof)).toBe(false);
        }
        const stranger = pairs.find(({ key }) => !hasPrefix(key, some));
        if (stranger !== undefined) expect(verifyPrefix(root, some, [...expected, stranger], proof)).toBe(false);
      }
    }),
    { numRuns: 50 },
  );
});

test('every size from 0 to 60 proves all of its lookups, and hiding one entry is refused with every proof there is', async () => {
  const all = indexPairs(60, 5);
  const lookups = all.slice(0, 6).map(({ key }) => key.slice(0, 32));
  for (let size = 0; size <= all.length; size++) {
    const pairs = all.slice(0, size);
    const { store, state } = await build(new MemoryNodeStore(), pairs);
    const root = rootOf(state);
    const proofs = await Promise.all(lookups.map((lookup) => provePrefix(store, state, lookup)));
    for (const [i, { pairs: found, proof }] of proofs.entries()) {
      expect(verifyPrefix(root, lookups[i]!, found, proof)).toBe(true);
      if (found.length === 0) continue;
      const narrower = await Promise.all(found.slice(0, 3).map(({ key }) => provePrefix(store, state, key)));
      for (const forged of [...proofs, ...narrower]) {
        expect(verifyPrefix(root, lookups[i]!, found.slice(1), forged.proof)).toBe(false);
        expect(verifyPrefix(root, lookups[i]!, [], forged.proof)).toBe(false);
      }
    }
  }
});

test('proofs of an older state stay possible while newer batches are added', async () => {
  const pairs = indexPairs(50, 4);
  const { store, state } = await build(new MemoryNodeStore(), pairs.slice(0, 20));
  const newer = await addPairs(store, state, pairs.slice(20));
  store.apply(newer);
  const lookup = pairs[0]!.key.slice(0, 32);
  const [before, after] = [await provePrefix(store, state, lookup), await provePrefix(store, newer.state, lookup)];
  expect(verifyPrefix(rootOf(state), lookup, before.pairs, before.proof)).toBe(true);
  expect(verifyPrefix(rootOf(newer.state), lookup, after.pairs, after.proof)).toBe(true);
  expect([before.pairs.length, after.pairs.length]).toEqual([5, 13]);
  expect(verifyPrefix(rootOf(newer.state), lookup, before.pairs, before.proof)).toBe(false);
});

describe('in a map of 30 pairs', () => {
  const pairs = indexPairs(30, 4);
  const absent = sha256(Uint8Array.of(7));
  const lookup = pairs[0]!.key.slice(0, 32);
  let store: MemoryNodeStore;
  let state: MapState;
  let root: Uint8Array;
  beforeAll(async () => {
    ({ store, state } = await build(new MemoryNodeStore(), pairs));
    root = rootOf(state);
  });

  async function expectOnly(proof: Uint8Array, verify: (proof: Uint8Array) => boolean): Promise<void> {
    expect(verify(proof)).toBe(true);
    const accepted = [...damaged(proof)].filter((forged) => !bytesEqual(forged, proof) && verify(forged));
    expect(accepted).toEqual([]);
  }

  test('every damage to a proof of presence is refused', async () => {
    const { proof } = await proveKey(store, state, pairs[3]!.key);
    await expectOnly(proof, (some) => verifyPresence(root, pairs[3]!, some));
  });

  test('every damage to a proof of absence is refused', async () => {
    const { proof } = await proveKey(store, state, absent);
    await expectOnly(proof, (some) => verifyAbsence(root, absent, some));
  });

  test('every damage to a proof of a prefix is refused, with pairs and without', async () => {
    const { pairs: found, proof } = await provePrefix(store, state, lookup);
    expect(found).toHaveLength(8);
    await expectOnly(proof, (some) => verifyPrefix(root, lookup, found, some));
    await expectOnly((await provePrefix(store, state, absent)).proof, (some) => verifyPrefix(root, absent, [], some));
  });

  test('every flipped bit of a root, key, value or pair is refused', async () => {
    const [pair] = pairs as [Pair];
    const { proof } = await proveKey(store, state, pair.key);
    const { pairs: found, proof: all } = await provePrefix(store, state, lookup);
    for (let bit = 0; bit < 256; bit++) {
      const flip = (bytes: Uint8Array) => bytes.with(bit >> 3, bytes[bit >> 3]! ^ (1 << (bit & 7)));
      expect(verifyPresence(flip(root), pair, proof)).toBe(false);
      expect(verifyPresence(root, { ...pair, key: flip(pair.key) }, proof)).toBe(false);
      expect(verifyPresence(root, { ...pair, value: flip(pair.value) }, proof)).toBe(false);
      expect(verifyPrefix(root, flip(lookup), found, all)).toBe(false);
      expect(verifyPrefix(root, lookup, [{ ...found[0]!, value: flip(found[0]!.value) }, ...found.slice(1)], all)).toBe(false);
    }
  });

  test('a root of another length is refused', () => {
    expect(verifyPresence(root.slice(1), pairs[0]!, new Uint8Array(0))).toBe(false);
    expect(verifyAbsence(new Uint8Array(0), absent, new Uint8Array(0))).toBe(false);
  });

  test('more pairs than asked for are not collected', async () => {
    await expect(provePrefix(store, state, lookup, 7)).rejects.toThrow(expect.objectContaining({ code: 'too-many-pairs' }));
    expect((await provePrefix(store, state, lookup, 8)).pairs).toHaveLength(8);
  });
});

describe('a hostile proof is refused', () => {
  const pair = { key: Uint8Array.of(0), value: Uint8Array.of(1) };
  const sibling = sha256(pair.key);
  // A root to which the steps really lead, so that only their form is wrong.
  const present = (proof: Uint8Array, root: Uint8Array) => verifyPresence(root, pair, proof);
  const over = (bits: readonly number[]) => {
    let root = hashPair(pair);
    for (const bit of bits) root = sha256(concatBytes(Uint8Array.of(1), encodeVarint(bit), root, sibling));
    return root;
  };
  const steps = (bits: readonly number[]) => encodeSteps(bits.map((bit) => ({ bit, sibling })));

  test('when its bits do not strictly decrease', () => {
    expect(present(steps([5, 3, 0]), over([5, 3, 0]))).toBe(true);
    for (const bits of [
      [5, 5],
      [3, 5],
      [5, 0, 0],
      [0, 1],
    ]) {
      expect(present(steps(bits), over(bits))).toBe(false);
    }
  });

  test('when a bit is spelled in more bytes than it needs', () => {
    expect(present(concatBytes(Uint8Array.of(5), sibling), over([5]))).toBe(true);
    expect(present(concatBytes(Uint8Array.of(0x85, 0), sibling), over([5]))).toBe(false);
  });

  test('when a bit or a length is huge', () => {
    const huge = encodeVarint(Number.MAX_SAFE_INTEGER);
    const endless = new Uint8Array(100_000).fill(0xff);
    for (const start of [huge, endless, encodeVarint(2056), encodeVarint(257)]) {
      const proof = concatBytes(start, sibling);
      expect(present(proof, sibling)).toBe(false);
      expect(verifyAbsence(sibling, pair.key, proof)).toBe(false);
      expect(verifyPrefix(sibling, pair.key, [], proof)).toBe(false);
      expect(verifyPrefix(sibling, pair.key, [pair], proof)).toBe(false);
    }
  });

  test('when it holds a million steps', () => {
    const step = concatBytes(Uint8Array.of(1), sibling);
    const proof = new Uint8Array(step.length * 1_000_000);
    for (let i = 0; i < proof.length; i += step.length) proof.set(step, i);
    expect(present(proof, sibling)).toBe(false);
  });

  test('when a key, a prefix or a value is too long, whatever the proof', () => {
    const long = new Uint8Array(257);
    expect(verifyPresence(hashPair({ ...pair, key: long }), { ...pair, key: long }, new Uint8Array(0))).toBe(false);
    expect(verifyAbsence(EMPTY_ROOT, long, new Uint8Array(0))).toBe(false);
    expect(verifyPrefix(EMPTY_ROOT, long, [], new Uint8Array(0))).toBe(false);
    const value = new Uint8Array(1025);
    expect(verifyPresence(hashPair({ ...pair, value }), { ...pair, value }, new Uint8Array(0))).toBe(false);
  });

  test('when there are more pairs than the limit', () => {
    const many = Array.from({ length: MAX_PREFIX_PAIRS + 1 }, () => pair);
    expect(verifyPrefix(EMPTY_ROOT, new Uint8Array(0), many, new Uint8Array(0))).toBe(false);
  });

  test('when the other key is the key itself, or leaves its way', () => {
    const root = over([]);
    expect(verifyAbsence(root, Uint8Array.of(9), encodePathProof(pair, []))).toBe(true);
    expect(verifyAbsence(root, pair.key, encodePathProof(pair, []))).toBe(false);
    // Keys 0x00 and 0x80 differ at bit 0: there the look-up of 0x80 does not end at 0x00.
    expect(verifyAbsence(over([0]), Uint8Array.of(0x80), encodePathProof(pair, [{ bit: 0, sibling }]))).toBe(false);
  });

  test('when a step lies within the prefix’s own subtree', () => {
    expect(verifyPrefix(over([7]), pair.key, [pair], steps([7]))).toBe(true);
    expect(verifyPrefix(over([8]), pair.key, [pair], steps([8]))).toBe(false);
  });
});

test('the deepest map there can be has its root and its longest proof', async () => {
  const zero = new Uint8Array(MAX_KEY_BYTES);
  // An inner node at every bit of the key, and one in the byte that follows: there a shorter key reads 0xff.
  const others = Array.from({ length: 8 * MAX_KEY_BYTES }, (_, bit) => zero.with(bit >> 3, 0x80 >> (bit & 7)));
  const pairs = [zero, zero.slice(0, -1), ...others].map((key) => ({ key, value: Uint8Array.of(1) }));
  const { store, state } = await build(new MemoryNodeStore(), pairs);
  expect(rootOf(state)).toEqual(rootOfPairs(pairs));
  const { value, proof } = await proveKey(store, state, zero);
  expect(value).toEqual(Uint8Array.of(1));
  expect(verifyPresence(rootOf(state), pairs[0]!, proof)).toBe(true);
  expect(decodeSteps(proof).map(({ bit }) => bit)).toEqual([2048, ...others.map((_, i) => others.length - 1 - i)]);
});

test('the empty map proves absence only', async () => {
  const store = new MemoryNodeStore();
  const key = Uint8Array.of(1);
  const { value, proof } = await proveKey(store, EMPTY_MAP, key);
  expect(value).toBe(null);
  expect(proof).toEqual(new Uint8Array(0));
  expect(await provePrefix(store, EMPTY_MAP, key)).toEqual({ pairs: [], proof });
  expect(verifyAbsence(EMPTY_ROOT, key, proof)).toBe(true);
  expect(verifyPrefix(EMPTY_ROOT, key, [], proof)).toBe(true);
  expect(verifyPresence(EMPTY_ROOT, { key, value: new Uint8Array(0) }, proof)).toBe(false);
  expect(verifyAbsence(EMPTY_ROOT, key, Uint8Array.of(0))).toBe(false);
});
