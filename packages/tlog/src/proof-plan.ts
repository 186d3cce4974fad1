/**
 * Which nodes a proof needs (RFC 9162 §2.1.3.1 inclusion, §2.1.4.1 consistency; the same proofs as
 * RFC 6962 §2.1.1 and §2.1.2). A plan does no I/O: fetch its nodes from tiles, a database or a test
 * tree, then assemble.
 */
import { TlogError } from './errors.ts';
import { checkRange } from './decimal.ts';
import type { Hash } from './hashing.ts';
import { foldRange, isSubtree, rangeNodes, splitPoint, type NodeId } from './nodes.ts';

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
  return size1 === 0n ? planRanges([]) : planSubtreeConsistency(0n, size1, size2);
}

/**
 * That the subtree over [start, end) belongs to the tree of `size` (draft-ietf-plants-merkle-tree-certs
 * §4.4.1, which C2SP tlog-mirror uses). With start 0 it is RFC 9162's PROOF. Throws `out-of-range`
 * unless it is a valid subtree and end ≤ size.
 */
export function planSubtreeConsistency(start: bigint, end: bigint, size: bigint): ProofPlan {
  checkRange(size, 'a tree size');
  if (!isSubtree(start, end) || end > size) {
    throw new TlogError('out-of-range', `expected a subtree within ${size} leaves, found [${start}, ${end})`);
  }
  const ranges: Range[] = [];
  let [low, high] = [0n, size];
  // SUBPROOF over D[low:high]; `known` says that the verifier has the hash of D[low:end] already.
  let known = true;
  while (!(start <= low && end === high)) {
    const middle = low + splitPoint(high - low);
    if (end <= middle) {
      ranges.push([middle, high]);
      high = middle;
    } else {
      ranges.push([low, middle]);
      // The subtree straddles the middle: its left part is complete, and only its right part goes on.
      if (start < middle) known = false;
      low = middle;
    }
  }
  if (!known) ranges.push([low, high]);
  return planRanges(ranges.reverse());
}

type Range = readonly [start: bigint, end: bigint];

/** Siblings from leaf to root on the path to `index` in the tree over [start, end). */
function inclusionPath(index: bigint, start: bigint, end: bigint): Range[] {
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
function planRanges(ranges: readonly Range[]): ProofPlan {
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
