import { type Hash, planConsistency, planInclusion, planSubtreeConsistency } from '@verbatim/tlog';
import type { NodeCache } from './node-cache.ts';

/** Inclusion of entry `index` in the tree of `size`, leaf sibling first. */
export function inclusionProof(nodes: NodeCache, index: bigint, size: bigint): Hash[] {
  const plan = planInclusion(index, size);
  return plan.assemble(plan.nodes.map((node) => nodes.get(node)));
}

/** Growth from `oldSize` to `size`, for witnesses. Empty for old size 0 and for equal sizes. */
export function consistencyProof(nodes: NodeCache, oldSize: bigint, size: bigint): Hash[] {
  const plan = planConsistency(oldSize, size);
  return plan.assemble(plan.nodes.map((node) => nodes.get(node)));
}

/** That the subtree [start, end) is in the tree of `size`, for mirrors. */
export function subtreeProof(nodes: NodeCache, start: bigint, end: bigint, size: bigint): Hash[] {
  const plan = planSubtreeConsistency(start, end, size);
  return plan.assemble(plan.nodes.map((node) => nodes.get(node)));
}
