/**
 * Proof verification: RFC 9162 §2.1.3.2 (inclusion), §2.1.4.2 (consistency) and the subtree forms of
 * C2SP tlog-mirror. A forged proof is
 * `false` or `null`, never an exception, and every hash of a proof must be used.
 */
import { bytesEqual } from './bytes.ts';
import { MAX_SIZE } from './decimal.ts';
import { EMPTY_ROOT, HASH_BYTES, hashNode, type Hash } from './hashing.ts';
import { isSubtree } from './nodes.ts';

/**
 * The most hashes a proof may hold (C2SP tlog-witness). That is enough for inclusion at every size, and for
 * consistency up to 2^62 entries.
 */
export const MAX_PROOF_HASHES = 63;

/** The root that `proof` leads to, or null when it has the wrong length for (index, size). */
export function rootFromInclusion(index: bigint, size: bigint, leaf: Hash, proof: readonly Hash[]): Hash | null {
  return climb(index, size, leaf, proof)?.root ?? null;
}

/**
 * The root of the tree over entries 0…index−1, or null when `proof` has the wrong length. The left siblings on the way up from entry `index` are
 * that tree's complete subtrees, so an inclusion proof that verifies shows this root too: what was before cannot be exchanged.
 */
export function rootBefore(index: bigint, size: bigint, leaf: Hash, proof: readonly Hash[]): Hash | null {
  return climb(index, size, leaf, proof)?.before ?? null;
}

function climb(index: bigint, size: bigint, leaf: Hash, proof: readonly Hash[]): { root: Hash; before: Hash } | null {
  // Step 1: the index must be in the tree.
  if (index < 0n || index >= size || size > MAX_SIZE) return null;
  if (!areHashes([leaf]) || !areHashes(proof)) return null;
  // Step 2.
  let fn = index;
  let sn = size - 1n;
  // Step 3.
  let r = leaf;
  let left: Hash | null = null;
  for (const p of proof) {
    // Step 4.a: more hashes than levels.
    if (sn === 0n) return null;
    if ((fn & 1n) === 1n || fn === sn) {
      // Step 4.b: p is a left sibling; then skip the levels at which this node has no sibling.
      r = hashNode(p, r);
      left = left === null ? p : hashNode(p, left);
      while ((fn & 1n) === 0n && fn !== 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else {
      r = hashNode(r, p);
    }
    // Step 4.c.
    fn >>= 1n;
    sn >>= 1n;
  }
  // Step 5: fewer hashes than levels.
  return sn === 0n ? { root: r, before: left ?? EMPTY_ROOT } : null;
}

/** Does `proof` show that `leaf` is entry `index` of the tree of `size` with `root`? */
export function verifyInclusion(index: bigint, size: bigint, leaf: Hash, proof: readonly Hash[], root: Hash): boolean {
  const computed = rootFromInclusion(index, size, leaf, proof);
  return computed !== null && bytesEqual(computed, root);
}

/**
 * Does `proof` show that the tree (size2, root2) continues the tree (size1, root1)?
 * RFC 9162 defines no proof from size 0, so that is false here; `verifyGrowth` adds that case.
 */
export function verifyConsistency(size1: bigint, size2: bigint, proof: readonly Hash[], root1: Hash, root2: Hash): boolean {
  return size1 > 0n && verifySubtreeConsistency(0n, size1, size2, proof, root1, root2);
}

/**
 * Does `proof` show that the subtree over [start, end) with `hash` belongs to the tree (size, root)?
 * draft-ietf-plants-merkle-tree-certs §4.4.3; with start 0 it is RFC 9162 §2.1.4.2, whose fn is sn here.
 * An empty subtree belongs to every tree: its hash is `EMPTY_ROOT` and its proof is empty.
 */
export function verifySubtreeConsistency(
  start: bigint,
  end: bigint,
  size: bigint,
  proof: readonly Hash[],
  hash: Hash,
  root: Hash,
): boolean {
  // Step 1.
  if (start < 0n || end > size || size > MAX_SIZE || !areHashes(proof)) return false;
  if (start === end) return proof.length === 0 && bytesEqual(hash, EMPTY_ROOT);
  if (!isSubtree(start, end)) return false;
  // Without a proof the two only have to be equal.
  if (proof.length > 0 && !areHashes([hash, root])) return false;
  // Step 2.
  let [fn, sn, tn] = [start, end - 1n, size - 1n];
  // Step 3: go up while the subtree's right edge is that of the tree or of complete subtrees (an odd sn
  // below tn never becomes equal to it).
  while (fn !== sn && (sn === tn || (sn & 1n) === 1n)) [fn, sn, tn] = parents(fn, sn, tn);
  // Step 4: when that leads to the subtree's own root, its hash is the first and is left out of the proof.
  const path = fn === sn ? [hash, ...proof] : proof;
  const first = path[0];
  if (first === undefined) return false;
  let [fr, sr] = [first, first];
  // Step 5.
  for (const c of path.slice(1)) {
    // Step 5.1: more hashes than levels.
    if (tn === 0n) return false;
    if ((sn & 1n) === 1n || sn === tn) {
      // Step 5.2: c is on the left, and in the subtree as well until its own root is reached.
      if (fn < sn) fr = hashNode(c, fr);
      sr = hashNode(c, sr);
      while ((sn & 1n) === 0n) [fn, sn, tn] = parents(fn, sn, tn);
    } else {
      // Step 5.3.
      sr = hashNode(sr, c);
    }
    // Step 5.4.
    [fn, sn, tn] = parents(fn, sn, tn);
  }
  // Step 6.
  return tn === 0n && bytesEqual(fr, hash) && bytesEqual(sr, root);
}

/**
 * Does `proof` show that `leaf` is entry `index` of the log, within the subtree over [start, end) with
 * `hash`? draft-ietf-plants-merkle-tree-certs §4.3.
 */
export function verifySubtreeInclusion(index: bigint, start: bigint, end: bigint, leaf: Hash, proof: readonly Hash[], hash: Hash): boolean {
  return isSubtree(start, end) && verifyInclusion(index - start, end - start, leaf, proof, hash);
}

/**
 * `verifyConsistency` with the rule of C2SP tlog-witness for a cosigner that has seen nothing: from
 * size 0 the old root is `EMPTY_ROOT` and the proof is empty; and a tree of size 0 has no other root.
 */
export function verifyGrowth(size1: bigint, size2: bigint, proof: readonly Hash[], root1: Hash, root2: Hash): boolean {
  if (size1 !== 0n) return verifyConsistency(size1, size2, proof, root1, root2);
  if (size2 < 0n || size2 > MAX_SIZE || proof.length !== 0 || root2.length !== HASH_BYTES) return false;
  return bytesEqual(root1, EMPTY_ROOT) && (size2 > 0n || bytesEqual(root2, EMPTY_ROOT));
}

/** One level up. */
function parents(fn: bigint, sn: bigint, tn: bigint): [bigint, bigint, bigint] {
  return [fn >> 1n, sn >> 1n, tn >> 1n];
}

/** At most 63 values of 32 bytes. */
function areHashes(values: readonly Hash[]): boolean {
  return values.length <= MAX_PROOF_HASHES && values.every((value) => value.length === HASH_BYTES);
}
