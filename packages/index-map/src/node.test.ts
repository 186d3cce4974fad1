import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesEqual, sha256 } from '@verbatim/tlog';
import { ByteNodeStore } from './_byte-store.ts';
import { build } from './_naive.ts';
import { indexPairs, pairSets } from './_pairs.ts';
import {
  MemoryNodeStore,
  addPairs,
  decodeMapNode,
  encodeMapNode,
  proveKey,
  provePrefix,
  rootOf,
  rootOfPairs,
  type MapChange,
  type MapNode,
  type MapState,
  type NodeReader,
} from './index.ts';

const malformed = expect.objectContaining({ code: 'malformed-node' });
const hash = sha256(new Uint8Array(0));
const leaf: MapNode = { kind: 'leaf', key: Uint8Array.of(1, 2), value: Uint8Array.of(3) };
const inner: MapNode = { kind: 'inner', bit: 300, left: { id: 1, hash }, right: { id: 2 ** 40, hash } };

test('every node goes there and back', async () => {
  await fc.assert(
    fc.asyncProperty(pairSets, async (pairs) => {
      const { store, state } = await build(new MemoryNodeStore(), pairs);
      const nodes = await store.read(Array.from({ length: state.nextId - 1 }, (_, i) => i + 1));
      expect(nodes.map((node) => decodeMapNode(encodeMapNode(node)))).toEqual(nodes);
    }),
  );
});

describe('decoding refuses', () => {
  test.each([leaf, inner])('every part of a $kind node, and one byte more', (node) => {
    const bytes = encodeMapNode(node);
    for (let end = 0; end < bytes.length; end++) expect(() => decodeMapNode(bytes.slice(0, end))).toThrow(malformed);
    expect(() => decodeMapNode(Uint8Array.of(...bytes, 0))).toThrow(malformed);
  });

  test('a kind that there is not', () => {
    expect(() => decodeMapNode(encodeMapNode(leaf).with(0, 2))).toThrow(malformed);
  });

  test('every second spelling of a node', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (data) => {
        const bytes = Uint8Array.of(data.length % 2, ...data);
        let node: MapNode;
        try {
          node = decodeMapNode(bytes);
        } catch {
          return;
        }
        expect(bytesEqual(encodeMapNode(node), bytes)).toBe(true);
      }),
    );
  });
});

describe('a damaged store', () => {
  const state: MapState = { top: { id: 3, hash }, size: 2, nextId: 4 };
  const circle: MapNode = { kind: 'inner', bit: 0, left: { id: 3, hash }, right: { id: 3, hash } };

  test.each<[string, NodeReader]>([
    ['that leads in a circle', { read: (ids) => Promise.resolve(ids.map(() => circle)) }],
    ['that returns too few nodes', { read: () => Promise.resolve([]) }],
    ['that lacks a node', new MemoryNodeStore()],
  ])('%s is refused', async (_name, reader) => {
    await expect(proveKey(reader, state, Uint8Array.of(1))).rejects.toThrow(malformed);
    await expect(provePrefix(reader, state, new Uint8Array(0))).rejects.toThrow(malformed);
    await expect(addPairs(reader, state, [{ key: Uint8Array.of(1), value: hash }])).rejects.toThrow(malformed);
  });

  test('with one flipped bit in any row is refused by every proof and update that reads it', async () => {
    const pairs = indexPairs(6, 2);
    const { store, state } = await build(new ByteNodeStore(), pairs);
    const prefix = new Uint8Array(0);
    const another = { key: pairs[0]!.key.with(39, 99), value: pairs[0]!.value };
    let refused = 0;
    for (const [id, row] of store.rows) {
      for (let bit = 0; bit < 8 * row.length; bit++) {
        store.rows.set(id, row.with(bit >> 3, row[bit >> 3]! ^ (1 << (bit & 7))));
        const proved = await provePrefix(store, state, prefix).then(
          ({ pairs: found }) => found,
          (error: unknown) => error,
        );
        // A flipped child's number leads to another node or to none.
        expect(proved).toMatchObject({ code: 'malformed-node' });
        const grown = await addPairs(store, state, [another]).catch((error: unknown) => error);
        if (grown instanceof Error) refused += 1;
        else expect(rootOf((grown as MapChange).state)).toEqual(rootOfPairs([...pairs, another]));
        store.rows.set(id, row);
      }
    }
    expect(refused).toBeGreaterThan(0);
  });
});
