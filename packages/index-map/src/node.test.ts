import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesEqual, sha256 } from '@verbatim/tlog';
import { build } from './_naive.ts';
import { pairSets } from './_pairs.ts';
import {
  MemoryNodeStore,
  addPairs,
  decodeMapNode,
  encodeMapNode,
  proveKey,
  provePrefix,
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
});
