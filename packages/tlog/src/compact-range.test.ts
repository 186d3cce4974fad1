import { expect, test } from 'vitest';
import { NaiveTree } from './_naive.ts';
import { CompactRange, MAX_SIZE, compactRangeNodes, toHex, type Hash, type NodeId } from './index.ts';

const SIZE = 300;
const tree = new NaiveTree(SIZE);

test('at every size from 0 to 300 the range has the root of RFC 6962', () => {
  const range = new CompactRange();
  for (let size = 0; size <= SIZE; size++) {
    expect(range.size).toBe(BigInt(size));
    expect(toHex(range.root())).toBe(toHex(tree.root(size)));
    expect(range.hashes).toEqual(tree.read(compactRangeNodes(BigInt(size))));
    if (size < SIZE) range.append(tree.leaves[size]!);
  }
});

test('append reports every complete subtree once, with its hash, children before parents', () => {
  const seen = new Map<string, Hash>();
  const range = new CompactRange();
  for (const leaf of tree.leaves) {
    range.append(leaf, ({ level, index }, hash) => {
      const children = level === 0 ? [] : [2n * index, 2n * index + 1n];
      expect(children.filter((child) => !seen.has(`${level - 1}/${child}`))).toEqual([]);
      expect(seen.has(`${level}/${index}`)).toBe(false);
      seen.set(`${level}/${index}`, hash);
      expect(hash).toEqual(tree.read([{ level, index }])[0]);
    });
  }
  let complete = 0;
  for (let width = 1; width <= SIZE; width *= 2) complete += Math.floor(SIZE / width);
  expect(seen.size).toBe(complete);
});

test('a range can be rebuilt from stored nodes at every size and goes on as if nothing had happened', () => {
  for (let size = 0; size < SIZE; size++) {
    const range = new CompactRange(BigInt(size), tree.read(compactRangeNodes(BigInt(size))));
    range.append(tree.leaves[size]!);
    expect(toHex(range.root())).toBe(toHex(tree.root(size + 1)));
  }
});

test('a clone and the list of hashes are independent of the range', () => {
  const range = new CompactRange();
  for (const leaf of tree.leaves.slice(0, 7)) range.append(leaf);
  const [clone, hashes] = [range.clone(), range.hashes];
  range.append(tree.leaves[7]!);
  hashes.pop();
  expect(toHex(clone.root())).toBe(toHex(tree.root(7)));
  expect(toHex(range.root())).toBe(toHex(tree.root(8)));
});

test('hashes that do not fit the size are refused', () => {
  const hash = tree.leaves[0]!;
  for (const [size, hashes] of [
    [0n, [hash]],
    [1n, []],
    [3n, [hash]],
    [4n, [hash, hash]],
    [1n, [hash.slice(1)]],
  ] as const) {
    expect(() => new CompactRange(size, hashes)).toThrow(RangeError);
  }
  expect(() => new CompactRange().append(new Uint8Array(31))).toThrow(RangeError);
});

test('no size is negative or above 2^63 − 1', () => {
  const full = new CompactRange(
    MAX_SIZE,
    Array.from({ length: 63 }, () => tree.leaves[0]!),
  );
  expect(() => full.append(tree.leaves[0]!)).toThrow(expect.objectContaining({ code: 'out-of-range' }));
  expect(full.size).toBe(MAX_SIZE);
  expect(() => compactRangeNodes(-1n)).toThrow(expect.objectContaining({ code: 'out-of-range' }));
  expect(() => compactRangeNodes(MAX_SIZE + 1n)).toThrow(expect.objectContaining({ code: 'out-of-range' }));
});

test('the nodes of a huge size tile it from the left, largest first', () => {
  const size = 0b1011n << 50n;
  const nodes: NodeId[] = compactRangeNodes(size);
  expect(nodes.map(({ level }) => level)).toEqual([53, 51, 50]);
  let position = 0n;
  for (const { level, index } of nodes) {
    expect(index << BigInt(level)).toBe(position);
    position = (index + 1n) << BigInt(level);
  }
  expect(position).toBe(size);
});
