import { expect, test } from 'vitest';
import { NaiveTree } from './_naive.ts';
import { EMPTY_ROOT, planSubtreeConsistency, verifySubtreeConsistency, verifySubtreeInclusion } from './index.ts';

const SIZE = 40;
const tree = new NaiveTree(SIZE);

/** draft-ietf-plants-merkle-tree-certs §4.1, by its words. */
function isValid(start: number, end: number): boolean {
  let width = 1;
  while (width < end - start) width *= 2;
  return start < end && start % width === 0;
}

function* ranges(valid: boolean): Generator<[start: number, end: number, size: number]> {
  for (let size = 1; size <= SIZE; size++) {
    for (let end = 1; end <= size; end++) {
      for (let start = 0; start < end; start++) if (isValid(start, end) === valid) yield [start, end, size];
    }
  }
}

test('every subtree of every tree up to 40 is proved', () => {
  let subtrees = 0;
  for (const [start, end, size] of ranges(true)) {
    const range = [BigInt(start), BigInt(end), BigInt(size)] as const;
    const plan = planSubtreeConsistency(...range);
    const proof = plan.assemble(tree.read(plan.nodes));
    expect(verifySubtreeConsistency(...range, proof, tree.hash(start, end), tree.root(size))).toBe(true);
    expect(verifySubtreeConsistency(...range, [...proof, EMPTY_ROOT], tree.hash(start, end), tree.root(size))).toBe(false);
    expect(verifySubtreeConsistency(...range, proof.slice(1), tree.hash(start, end), tree.root(size))).toBe(start === 0 && end === size);
    expect(verifySubtreeConsistency(...range, proof, EMPTY_ROOT, tree.root(size))).toBe(false);
    expect(verifySubtreeConsistency(...range, proof, tree.hash(start, end), EMPTY_ROOT)).toBe(false);
    subtrees += 1;
  }
  expect(subtrees).toBeGreaterThan(1000);
});

test('no other range is proved', () => {
  for (const [start, end, size] of ranges(false)) {
    const range = [BigInt(start), BigInt(end), BigInt(size)] as const;
    expect(() => planSubtreeConsistency(...range)).toThrow(expect.objectContaining({ code: 'out-of-range' }));
    expect(verifySubtreeConsistency(...range, [], tree.hash(start, end), tree.root(size))).toBe(false);
  }
});

test('a subtree must lie within the tree', () => {
  expect(() => planSubtreeConsistency(0n, 5n, 4n)).toThrow(expect.objectContaining({ code: 'out-of-range' }));
  expect(verifySubtreeConsistency(0n, 5n, 4n, [], tree.root(5), tree.root(4))).toBe(false);
  expect(verifySubtreeConsistency(-4n, 4n, 8n, [], tree.root(4), tree.root(8))).toBe(false);
});

test('inclusion within a subtree counts the index from the log’s start', () => {
  const proof = tree.path(3, 8, 14);
  expect(verifySubtreeInclusion(11n, 8n, 14n, tree.leaves[11]!, proof, tree.hash(8, 14))).toBe(true);
  expect(verifySubtreeInclusion(3n, 8n, 14n, tree.leaves[11]!, proof, tree.hash(8, 14))).toBe(false);
  expect(verifySubtreeInclusion(11n, 9n, 14n, tree.leaves[11]!, proof, tree.hash(8, 14))).toBe(false);
});
