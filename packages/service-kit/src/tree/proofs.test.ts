import { CompactRange, compactRangeNodes, hashLeaf, type Hash, utf8Encode, verifyConsistency, verifyInclusion } from '@verbatim/tlog';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { filesOfGrowth } from './growth.ts';
import { NodeCache } from './node-cache.ts';
import { consistencyProof, inclusionProof } from './proofs.ts';
import { TileNodes } from './tile-nodes.ts';
import { splitHashes, Tree } from './tree.ts';

/** A tree with its full tiles on a pretend disk, read back only when they are not in memory. */
function grow(size: number): { tree: Tree; roots: Hash[]; leaves: Hash[]; tiles: Map<string, Uint8Array> } {
  const tiles = new Map<string, Uint8Array>();
  const tree = new Tree(new CompactRange(), new NodeCache((level, index) => tiles.get(`${level}/${index}`)!), []);
  const roots = [tree.root()];
  const leaves: Hash[] = [];
  for (let i = 0; i < size; i++) {
    const entry = utf8Encode(`entry ${i}`);
    leaves.push(hashLeaf(entry));
    for (const { file, content } of tree.append([{ entry, leafHash: leaves[i]! }]))
      if (file.width === 256 && file.level !== null) tiles.set(`${file.level}/${file.index}`, content);
    roots.push(tree.root());
  }
  return { tree, roots, leaves, tiles };
}

const SIZE = 70_000;
const world = grow(SIZE);
/** The same nodes with nothing in memory but what is read from full tiles and the edge. */
const cold = new NodeCache((level, index) => world.tiles.get(`${level}/${index}`)!);
for (const { level, index, width } of filesOfGrowth(0n, BigInt(SIZE))) {
  if (level !== null && width < 256) cold.setEdge(level, index, TileNodes.fromHashes(world.tree.nodes.tile(level, index).content(width)));
}

test.each([
  ['in memory', world.tree.nodes],
  ['read from tiles', cold],
])('inclusion proofs from nodes %s verify at every size', (_, nodes) => {
  const pair = fc.integer({ min: 1, max: SIZE }).chain((size) => fc.tuple(fc.integer({ min: 0, max: size - 1 }), fc.constant(size)));
  fc.assert(
    fc.property(pair, ([index, size]) => {
      const proof = inclusionProof(nodes, BigInt(index), BigInt(size));
      expect(verifyInclusion(BigInt(index), BigInt(size), world.leaves[index]!, proof, world.roots[size]!)).toBe(true);
    }),
    { numRuns: 400 },
  );
});

test('consistency proofs verify between any two sizes', () => {
  const pair = fc.integer({ min: 1, max: SIZE }).chain((size) => fc.tuple(fc.integer({ min: 1, max: size }), fc.constant(size)));
  fc.assert(
    fc.property(pair, ([old, size]) => {
      const proof = consistencyProof(cold, BigInt(old), BigInt(size));
      expect(verifyConsistency(BigInt(old), BigInt(size), proof, world.roots[old]!, world.roots[size]!)).toBe(true);
    }),
    { numRuns: 400 },
  );
});

test('the stored compact range continues the tree', () => {
  const stored = new CompactRange(BigInt(SIZE), splitHashes(world.tree.compactRange()));
  expect(stored.root()).toEqual(world.roots[SIZE]);
  compactRangeNodes(BigInt(SIZE)).forEach((node, i) => expect(cold.get(node)).toEqual(stored.hashes[i]));
});

test('a tile refuses more than 256 hashes, a root before it is full, and a width that it has not', () => {
  expect(() => TileNodes.fromHashes(new Uint8Array(257 * 32))).toThrow(RangeError);
  expect(() => TileNodes.fromHashes(new Uint8Array(33))).toThrow(RangeError);
  const partial = TileNodes.fromHashes(new Uint8Array(255 * 32));
  expect(() => partial.root()).toThrow(RangeError);
  expect(() => partial.content(256)).toThrow(RangeError);
});

test('a tree refuses to continue without the entries of its last bundle', () => {
  expect(() => new Tree(new CompactRange(BigInt(SIZE), splitHashes(world.tree.compactRange())), cold, [])).toThrow(
    'entries in the last bundle',
  );
});
