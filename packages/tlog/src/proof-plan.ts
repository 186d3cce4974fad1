/**
 * Which nodes a proof needs (RFC 9162 §2.1.3.1 inclusion, §2.1.4.1 consistency; the same proofs as
 * RFC 6962 §2.1.1 and §2.1.2). A plan does no I/O: fetch its nodes from tiles, a database or a test
 * tree, then assemble.
 */
import { TlogError } from './errors.ts';
import { checkRange } from './decimal.ts';
import type { Hash } from './hashing.ts';
import { foldRange, rangeNodes, splitPoint, type NodeId } from './nodes.ts';

export interface ProofPlan {
  /** Complete subtrees to fetch. */
  nodes: NodeId[];
  /** The proof, from the hashes of `nodes` in the same order. */
  assemble(hashes: readonly Hash[]): Hash[];
}

/** Inclusion of the entry `index` in the tree of `size`. Throws `out-of-range` unless index < size. */
export function planInclusion(index: bigint, size: bigint): ProofPlan {
  checkRange(size, 'a tree size');
  checkRange(index, 'an index', size - 1n);
  return planRanges(inclusionPath(index, 0n, size));
}

/**
 * Growth from `size1` to `size2`. The proof is empty for equal sizes and, as C2SP tlog-witness has
 * it, from size 0. Throws `out-of-range` unless size1 ≤ size2.
 */
export function planConsistency(size1: bigint, size2: bigint): ProofPlan {
  checkRange(size2, 'a tree size');
  checkRange(size1, 'the old tree size', size2);
  if (size1 === 0n) return planRanges([]);
  const ranges: Range[] = [];
  let [start, end] = [0n, size2];
  // SUBPROOF(m, D[start:end], b) with m = size1 − start; b says that MTH(D[0:size1]) is known already.
  let known = true;
  while (end !== size1) {
    const middle = start + splitPoint(end - start);
    if (size1 <= middle) {
      ranges.push([middle, end]);
      end = middle;
    } else {
      ranges.push([start, middle]);
      start = middle;
      known = false;
    }
  }
  if (!known) ranges.push([start, end]);
  return planRanges(ranges.reverse());
}

export type Range = readonly [start: bigint, end: bigint];

/** Siblings from leaf to root on the path to `index` in the tree over [start, end). */
export function inclusionPath(index: bigint, start: bigint, end: bigint): Range[] {
  const ranges: Range[] = [];
  while (end - start > 1n) {
    const middle = start + splitPoint(end - start);
    if (index < middle) {
      ranges.push([middle, end]);
      end = middle;
    } else {
      ranges.push([start, middle]);
      start = middle;
    }
  }
  return ranges.reverse();
}

/** One proof hash for each range; a range on the right edge is folded from several nodes. */
export function planRanges(ranges: readonly Range[]): ProofPlan {
  const groups = ranges.map(([start, end]) => rangeNodes(start, end));
  const nodes = groups.flat();
  return {
    nodes,
    assemble(hashes) {
      if (hashes.length !== nodes.length) {
        throw new TlogError('out-of-range', `expected ${nodes.length} hashes to assemble, found ${hashes.length}`);
      }
      let offset = 0;
      return groups.map((group) => foldRange(hashes.slice(offset, (offset += group.length))));
    },
  };
}
