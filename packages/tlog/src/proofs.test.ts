import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NaiveTree } from './_naive.ts';
import {
  EMPTY_ROOT,
  MAX_SIZE,
  planConsistency,
  planInclusion,
  rootBefore,
  rootFromInclusion,
  verifyConsistency,
  verifyGrowth,
  verifyInclusion,
  type Hash,
  type ProofPlan,
} from './index.ts';

const SIZE = 300;
const tree = new NaiveTree(SIZE);

function prove(plan: ProofPlan): Hash[] {
  return plan.assemble(tree.read(plan.nodes));
}

/** Every way to damage a proof: each bit flipped, each hash missing, doubled, cut or replaced; one more at each end. */
function* damaged(proof: readonly Hash[]): Generator<Hash[]> {
  for (let i = 0; i < proof.length; i++) {
    for (let bit = 0; bit < 256; bit++) yield proof.with(i, flip(proof[i]!, bit));
    yield proof.toSpliced(i, 1);
    yield proof.toSpliced(i, 0, proof[i]!);
    yield proof.with(i, proof[i]!.slice(1));
    yield proof.with(i, EMPTY_ROOT);
  }
  yield [...proof, EMPTY_ROOT];
  yield [EMPTY_ROOT, ...proof];
  yield [...proof, new Uint8Array(0)];
  if (proof.length > 1) yield proof.toReversed();
}

function isSame(a: readonly Hash[], b: readonly Hash[]): boolean {
  return a.length === b.length && a.every((hash, i) => Buffer.compare(hash, b[i]!) === 0);
}

function flip(hash: Hash, bit: number): Hash {
  return hash.with(bit >> 3, hash[bit >> 3]! ^ (1 << (bit & 7)));
}

describe('inclusion', () => {
  test('for every entry of every size up to 300 the plan makes the proof of RFC 6962, and it verifies', () => {
    const wrong: string[] = [];
    let checked = 0;
    for (let size = 1; size <= SIZE; size++) {
      const root = tree.root(size);
      for (let index = 0; index < size; index++) {
        const proof = prove(planInclusion(BigInt(index), BigInt(size)));
        if (!isSame(proof, tree.path(index, 0, size))) wrong.push(`plan for ${index} in ${size}`);
        if (!verifyInclusion(BigInt(index), BigInt(size), tree.leaves[index]!, proof, root)) wrong.push(`${index} in ${size}`);
        checked += 1;
      }
    }
    expect(wrong).toEqual([]);
    expect(checked).toBe((SIZE * (SIZE + 1)) / 2);
  });

  test('a proof shows the root of what was before the entry', () => {
    const wrong: string[] = [];
    for (let size = 1; size <= SIZE; size++) {
      for (let index = 0; index < size; index++) {
        const proof = prove(planInclusion(BigInt(index), BigInt(size)));
        const before = rootBefore(BigInt(index), BigInt(size), tree.leaves[index]!, proof);
        if (before === null || !isSame([before], [tree.root(index)])) wrong.push(`before ${index} in ${size}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(rootBefore(1n, 3n, tree.leaves[1]!, [])).toBeNull();
  });

  test('every damage to a proof, leaf or root is refused', () => {
    for (const [index, size] of [
      [0, 1],
      [0, 2],
      [1, 2],
      [6, 7],
      [5, 11],
      [255, 257],
      [256, 257],
      [123, 300],
    ] as const) {
      const [i, n, leaf, root] = [BigInt(index), BigInt(size), tree.leaves[index]!, tree.root(size)];
      const proof = prove(planInclusion(i, n));
      expect(verifyInclusion(i, n, leaf, proof, root)).toBe(true);
      for (const other of damaged(proof)) expect(verifyInclusion(i, n, leaf, other, root)).toBe(false);
      for (let bit = 0; bit < 256; bit++) {
        expect(verifyInclusion(i, n, flip(leaf, bit), proof, root)).toBe(false);
        expect(verifyInclusion(i, n, leaf, proof, flip(root, bit))).toBe(false);
      }
      for (let j = -1n; j <= n + 1n; j++) expect(verifyInclusion(j, n, leaf, proof, root)).toBe(j === i);
      expect(verifyInclusion(MAX_SIZE, n, leaf, proof, root)).toBe(false);
      expect(verifyInclusion(i, 0n, leaf, proof, root)).toBe(false);
      expect(verifyInclusion(i, n, leaf.slice(1), proof, root)).toBe(false);
      expect(verifyInclusion(i, n, leaf, proof, root.slice(1))).toBe(false);
    }
  });

  test('an inner node is no leaf of a smaller tree with the same root', () => {
    // The classic confusion: 4 leaves, and 2 leaves whose hashes are the inner nodes, have one root without prefixes.
    const [left, right] = [tree.hash(0, 2), tree.hash(2, 4)];
    expect(verifyInclusion(0n, 4n, left, [right], tree.root(4))).toBe(false);
    expect(verifyInclusion(0n, 4n, left, [tree.leaves[1]!, right], tree.root(4))).toBe(false);
  });

  test('proofs of random entries of random sizes verify for no other entry', () => {
    const indexes = fc
      .integer({ min: 2, max: SIZE })
      .chain((size) => fc.tuple(fc.constant(size), fc.integer({ min: 0, max: size - 1 }), fc.integer({ min: 0, max: size - 1 })));
    fc.assert(
      fc.property(indexes, ([size, index, other]) => {
        const proof = prove(planInclusion(BigInt(index), BigInt(size)));
        expect(verifyInclusion(BigInt(index), BigInt(size), tree.leaves[other]!, proof, tree.root(size))).toBe(index === other);
      }),
    );
  });

  test('sizes up to 2^63 − 1 work, and 2^63 does not', () => {
    const path = Array.from({ length: 63 }, () => EMPTY_ROOT);
    expect(rootFromInclusion(5n, MAX_SIZE, EMPTY_ROOT, path)).toHaveLength(32);
    expect(rootFromInclusion(5n, MAX_SIZE + 1n, EMPTY_ROOT, path)).toBeNull();
    expect(rootFromInclusion(5n, MAX_SIZE, EMPTY_ROOT, [...path, EMPTY_ROOT])).toBeNull();
    // The last entry of 2^63 − 1 has one left sibling for each smaller complete subtree.
    expect(planInclusion(MAX_SIZE - 1n, MAX_SIZE).nodes).toHaveLength(62);
    expect(planInclusion(0n, 1n).nodes).toEqual([]);
  });

  test('an entry outside the tree cannot be planned', () => {
    for (const [index, size] of [
      [0n, 0n],
      [1n, 1n],
      [-1n, 1n],
      [0n, MAX_SIZE + 1n],
    ] as const) {
      expect(() => planInclusion(index, size)).toThrow(expect.objectContaining({ code: 'out-of-range' }));
    }
  });

  test('assembling from the wrong number of hashes is refused', () => {
    const plan = planInclusion(2n, 7n);
    const hashes = tree.read(plan.nodes);
    for (const wrong of [hashes.slice(1), [...hashes, EMPTY_ROOT], []]) {
      expect(() => plan.assemble(wrong)).toThrow(expect.objectContaining({ code: 'out-of-range' }));
    }
  });
});

describe('consistency', () => {
  test('for every pair of sizes up to 300 the plan makes the proof of RFC 6962, and it verifies', () => {
    const wrong: string[] = [];
    for (let size2 = 1; size2 <= SIZE; size2++) {
      for (let size1 = 1; size1 <= size2; size1++) {
        const proof = prove(planConsistency(BigInt(size1), BigInt(size2)));
        if (!isSame(proof, tree.subproof(size1, 0, size2, true))) wrong.push(`plan from ${size1} to ${size2}`);
        if (!verifyConsistency(BigInt(size1), BigInt(size2), proof, tree.root(size1), tree.root(size2))) wrong.push(`${size1} to ${size2}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('every damage to a proof or a root is refused', () => {
    for (const [size1, size2] of [
      [1, 2],
      [1, 3],
      [2, 3],
      [3, 4],
      [4, 8],
      [6, 7],
      [7, 8],
      [5, 11],
      [128, 300],
      [255, 257],
      [299, 300],
    ] as const) {
      const [m, n, root1, root2] = [BigInt(size1), BigInt(size2), tree.root(size1), tree.root(size2)];
      const proof = prove(planConsistency(m, n));
      expect(verifyConsistency(m, n, proof, root1, root2)).toBe(true);
      for (const other of damaged(proof)) expect(verifyConsistency(m, n, other, root1, root2)).toBe(false);
      for (let bit = 0; bit < 256; bit++) {
        expect(verifyConsistency(m, n, proof, flip(root1, bit), root2)).toBe(false);
        expect(verifyConsistency(m, n, proof, root1, flip(root2, bit))).toBe(false);
      }
      expect(verifyConsistency(m, n, proof, root2, root1)).toBe(false);
      expect(verifyConsistency(n, m, proof, root1, root2)).toBe(false);
      expect(verifyConsistency(m, n, proof, root1.slice(1), root2)).toBe(false);
      expect(verifyConsistency(m, n, proof, root1, root2.slice(1))).toBe(false);
      expect(verifyConsistency(m, MAX_SIZE + 1n, proof, root1, root2)).toBe(false);
    }
  });

  test('equal sizes need equal roots and an empty proof', () => {
    const root = tree.root(5);
    expect(verifyConsistency(5n, 5n, [], root, root)).toBe(true);
    expect(verifyConsistency(5n, 5n, [root], root, root)).toBe(false);
    expect(verifyConsistency(5n, 5n, [], root, tree.root(6))).toBe(false);
  });

  test('from size 0 nothing is proved, but a witness that has seen nothing may start', () => {
    const root = tree.root(5);
    expect(verifyConsistency(0n, 5n, [], EMPTY_ROOT, root)).toBe(false);
    expect(verifyGrowth(0n, 5n, [], EMPTY_ROOT, root)).toBe(true);
    expect(verifyGrowth(0n, 0n, [], EMPTY_ROOT, EMPTY_ROOT)).toBe(true);
    expect(verifyGrowth(0n, 0n, [], EMPTY_ROOT, root)).toBe(false);
    expect(verifyGrowth(0n, 5n, [root], EMPTY_ROOT, root)).toBe(false);
    expect(verifyGrowth(0n, 5n, [], root, root)).toBe(false);
    expect(verifyGrowth(0n, 5n, [], EMPTY_ROOT, root.slice(1))).toBe(false);
    expect(verifyGrowth(0n, MAX_SIZE + 1n, [], EMPTY_ROOT, root)).toBe(false);
    expect(verifyGrowth(2n, 5n, prove(planConsistency(2n, 5n)), tree.root(2), root)).toBe(true);
    expect(verifyGrowth(-1n, 5n, [], EMPTY_ROOT, root)).toBe(false);
    expect(planConsistency(0n, 5n).nodes).toEqual([]);
  });

  test('a shrinking log cannot be planned', () => {
    for (const [size1, size2] of [
      [2n, 1n],
      [-1n, 1n],
      [1n, MAX_SIZE + 1n],
    ] as const) {
      expect(() => planConsistency(size1, size2)).toThrow(expect.objectContaining({ code: 'out-of-range' }));
    }
  });

  test('proofs up to 2^62 entries stay within the 63 hashes of C2SP tlog-witness', () => {
    const sizes = fc.bigInt({ min: 1n, max: 1n << 62n });
    fc.assert(
      fc.property(sizes, sizes, (a, b) => {
        const plan = planConsistency(a < b ? a : b, a < b ? b : a);
        expect(plan.assemble(plan.nodes.map(() => EMPTY_ROOT)).length).toBeLessThanOrEqual(63);
      }),
    );
  });
});
