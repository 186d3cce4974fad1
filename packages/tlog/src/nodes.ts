/** Addresses of complete subtrees, and how a tree of any size is composed of them (RFC 6962 §2.1). */
import { checkRange } from './decimal.ts';
import { hashNode, type Hash } from './hashing.ts';

/** The complete subtree over the leaves [index·2^level, (index+1)·2^level). */
export interface NodeId {
  level: number;
  index: bigint;
}

/** Complete subtrees of a tree of `size` leaves, largest first: one for each one-bit of `size`. */
export function compactRangeNodes(size: bigint): NodeId[] {
  return rangeNodes(0n, checkRange(size, 'a tree size'));
}

/**
 * The complete subtrees, largest first, whose fold is the hash of the leaves [start, end).
 * It must be a subtree (see `isSubtree`), as everything is that RFC 6962's recursion visits.
 */
export function rangeNodes(start: bigint, end: bigint): NodeId[] {
  const nodes: NodeId[] = [];
  const width = end - start;
  for (let level = bitLength(width) - 1; level >= 0; level--) {
    const shift = BigInt(level);
    if (((width >> shift) & 1n) === 0n) continue;
    nodes.push({ level, index: (start >> shift) + (width >> shift) - 1n });
  }
  return nodes;
}

/** Hash of the subtree composed of `hashes` (largest complete subtree first, at least one). */
export function foldRange(hashes: readonly Hash[]): Hash {
  let root = hashes[hashes.length - 1];
  if (root === undefined) throw new RangeError('expected at least one hash to fold');
  for (let i = hashes.length - 2; i >= 0; i--) root = hashNode(hashes[i]!, root);
  return root;
}

/** Number of bits of a non-negative integer; 0 for 0. */
function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}

/** k of RFC 6962 §2.1: the largest power of two smaller than `width` (which is at least 2). */
export function splitPoint(width: bigint): bigint {
  return 1n << BigInt(bitLength(width - 1n) - 1);
}

/**
 * Is [start, end) a subtree (draft-ietf-plants-merkle-tree-certs §4.1)? It is not empty, and starts at a
 * multiple of the smallest power of two ≥ its width; so its own hash is that of a tree of that size.
 */
export function isSubtree(start: bigint, end: bigint): boolean {
  if (start < 0n || start >= end) return false;
  const mask = (1n << BigInt(bitLength(end - start - 1n))) - 1n;
  return (start & mask) === 0n;
}
