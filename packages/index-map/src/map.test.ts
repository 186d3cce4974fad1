import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EMPTY_ROOT, toHex } from '@verbatim/tlog';
import { ByteNodeStore } from './_byte-store.ts';
import { CountingReader, build, naiveRoot, readBit } from './_naive.ts';
import { indexPairs, keys, pairSets } from './_pairs.ts';
import {
  EMPTY_MAP,
  MAX_KEY_BYTES,
  MAX_VALUE_BYTES,
  MemoryNodeStore,
  addPairs,
  addPairsSync,
  encodeMapNode,
  provePrefix,
  provePrefixSync,
  rootOf,
  rootOfPairs,
} from './index.ts';
import { compareKeys, firstDifference, hasPrefix, keyBit } from './key-bits.ts';

const SIZE = 100;
const bytes = (...values: number[]) => Uint8Array.from(values);

describe('keys', () => {
  test('are read as followed by 0x00 and then 0xFF without end', () => {
    fc.assert(
      fc.property(keys, fc.nat(400), (key, bit) => {
        expect(keyBit(key, bit)).toBe(readBit(key, bit));
      }),
    );
  });

  test('differ at the first bit that reads differently, and nowhere only if they are equal', () => {
    fc.assert(
      fc.property(keys, keys, (a, b) => {
        const bits = Array.from({ length: 8 * 42 }, (_, bit) => bit);
        const expected = bits.find((bit) => readBit(a, bit) !== readBit(b, bit)) ?? null;
        expect(firstDifference(a, b)).toBe(expected);
        expect(expected === null).toBe(toHex(a) === toHex(b));
        expect(Math.sign(compareKeys(a, b)) + Math.sign(compareKeys(b, a))).toBe(0);
      }),
    );
  });

  test('have the prefixes that they read as, padding included', () => {
    expect(hasPrefix(bytes(0xab), bytes(0xab))).toBe(true);
    expect(hasPrefix(bytes(0xab), bytes(0xab, 0x00, 0xff))).toBe(true);
    expect(hasPrefix(bytes(0xab), bytes(0xab, 0xff))).toBe(false);
    expect(hasPrefix(bytes(0xab), bytes())).toBe(true);
  });
});

describe('the root', () => {
  test('is that of the definition for every set, in every order', () => {
    fc.assert(
      fc.property(pairSets, (pairs) => {
        const expected = toHex(naiveRoot(pairs));
        expect(toHex(rootOfPairs(pairs))).toBe(expected);
        expect(toHex(rootOfPairs(pairs.toReversed()))).toBe(expected);
      }),
    );
  });

  test('at every size from 0 to 100 is that of the definition, one by one and in one batch', async () => {
    const pairs = indexPairs(SIZE, 7);
    const store = new MemoryNodeStore();
    let state = EMPTY_MAP;
    for (let size = 0; size <= SIZE; size++) {
      const expected = toHex(naiveRoot(pairs.slice(0, size)));
      expect(toHex(rootOf(state))).toBe(expected);
      expect(toHex(rootOf((await build(new MemoryNodeStore(), pairs.slice(0, size))).state))).toBe(expected);
      expect(state.size).toBe(size);
      if (size === SIZE) break;
      const change = await addPairs(store, state, [pairs[size]!]);
      store.apply(change);
      state = change.state;
    }
  });

  test('does not depend on order or batches, nor on how a store keeps its nodes', async () => {
    const shuffled = pairSets.chain((pairs) => fc.tuple(fc.constant(pairs), fc.shuffledSubarray(pairs, { minLength: pairs.length })));
    await fc.assert(
      fc.asyncProperty(shuffled, fc.integer({ min: 1, max: 5 }), async ([pairs, others], width) => {
        const expected = naiveRoot(pairs);
        const memory = await build(new MemoryNodeStore(), pairs, width);
        const stored = await build(new ByteNodeStore(), pairs, width);
        expect(rootOf(memory.state)).toEqual(expected);
        expect(rootOf((await build(new MemoryNodeStore(), others)).state)).toEqual(expected);
        expect(stored.state).toEqual(memory.state);
        const ids = [...stored.store.rows.keys()];
        expect((await memory.store.read(ids)).map(encodeMapNode)).toEqual([...stored.store.rows.values()]);
      }),
    );
  });

  test('of nothing is the hash of nothing', () => {
    expect(rootOf(EMPTY_MAP)).toEqual(EMPTY_ROOT);
    expect(rootOfPairs([])).toEqual(EMPTY_ROOT);
  });
});

describe('a batch', () => {
  test('and its proofs are the same from a store that answers at once', async () => {
    const pairs = indexPairs(60, 9);
    const { store, state } = await build(new MemoryNodeStore(), pairs.slice(0, 40));
    expect(addPairsSync(store, state, pairs.slice(40))).toEqual(await addPairs(store, state, pairs.slice(40)));
    const prefix = pairs[3]!.key.slice(0, 32);
    expect(provePrefixSync(store, state, prefix)).toEqual(await provePrefix(store, state, prefix));
    expect(() => provePrefixSync(store, state, prefix, 1)).toThrow(expect.objectContaining({ code: 'too-many-pairs' }));
  });

  test('that is repeated changes nothing', async () => {
    const pairs = indexPairs(20, 3);
    const { store, state } = await build(new MemoryNodeStore(), pairs);
    const change = await addPairs(store, state, [...pairs, ...pairs]);
    expect(change).toEqual({ state, nodes: new Map(), superseded: [] });
  });

  test('with another value for a key is refused, in the map and within the batch', async () => {
    const taken = expect.objectContaining({ code: 'key-taken' });
    const [pair] = indexPairs(1) as [{ key: Uint8Array; value: Uint8Array }];
    const other = { key: pair.key, value: bytes(1) };
    const { store, state } = await build(new MemoryNodeStore(), [pair]);
    await expect(addPairs(store, state, [other])).rejects.toThrow(taken);
    await expect(addPairs(new MemoryNodeStore(), EMPTY_MAP, [pair, other])).rejects.toThrow(taken);
    expect(() => rootOfPairs([pair, pair])).toThrow(taken);
  });

  test('takes keys and values of the largest size and none that is larger', async () => {
    const [key, value] = [new Uint8Array(MAX_KEY_BYTES), new Uint8Array(MAX_VALUE_BYTES)];
    const nearest = [key, key.subarray(1), key.with(MAX_KEY_BYTES - 1, 1)].map((some) => ({ key: some, value }));
    const { state } = await build(new ByteNodeStore(), nearest);
    expect(rootOf(state)).toEqual(naiveRoot(nearest));
    for (const pair of [
      { key: new Uint8Array(MAX_KEY_BYTES + 1), value },
      { key, value: new Uint8Array(MAX_VALUE_BYTES + 1) },
    ]) {
      const tooLong = expect.objectContaining({ code: 'out-of-range' });
      await expect(addPairs(new MemoryNodeStore(), EMPTY_MAP, [pair])).rejects.toThrow(tooLong);
      expect(() => rootOfPairs([pair])).toThrow(tooLong);
    }
  });

  test('does not keep the caller’s bytes', async () => {
    const pair = { key: bytes(1), value: bytes(2) };
    const { store, state } = await build(new MemoryNodeStore(), [pair]);
    pair.key[0] = 9;
    expect(await store.read([state.top!.id])).toEqual([{ kind: 'leaf', key: bytes(1), value: bytes(2) }]);
  });

  test('leaves every earlier state readable; without what it superseded, exactly the newest map is left', async () => {
    const pairs = indexPairs(60, 9);
    const [all, pruned] = [new MemoryNodeStore(), new MemoryNodeStore()];
    const states = [EMPTY_MAP];
    for (let i = 0; i < pairs.length; i += 7) {
      const change = await addPairs(all, states.at(-1)!, pairs.slice(i, i + 7));
      all.apply(change);
      pruned.apply(change);
      pruned.prune(change.superseded);
      states.push(change.state);
      expect(pruned.count).toBe(2 * change.state.size - 1);
      expect(await addPairs(pruned, change.state, pairs.slice(0, i + 7))).toMatchObject({ state: change.state });
    }
    for (const state of states) {
      expect((await addPairs(all, state, pairs.slice(0, state.size))).state).toEqual(state);
    }
  });

  test('of k pairs reads and makes O(k log n) nodes, a request a level', async () => {
    const pairs = indexPairs(4096);
    const { store, state } = await build(new MemoryNodeStore(), pairs.slice(0, 4000));
    const reader = new CountingReader(store);
    const change = await addPairs(reader, state, pairs.slice(4000));
    // A random trie of 2^12 leaves is about 12 levels deep, seldom twice that.
    expect(reader.nodes).toBeLessThan(96 * 24);
    expect(change.nodes.size).toBeLessThan(96 * 24);
    expect(reader.requests).toBeLessThan(40);
    expect(change.superseded.length).toBe(change.nodes.size - 2 * 96);
  });
});
