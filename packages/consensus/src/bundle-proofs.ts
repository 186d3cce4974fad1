/** Inclusion proofs of many entries in one tree, each hash once: docs/spec/bundle.md §4. */
import { bytesEqual, type Hash, hashLeaf, hashNode, splitPoint } from '@verbatim/tlog';
import type { BareEntry } from './bundle-entry.ts';
import { BundleError } from './errors.ts';
import type { EvidenceEntry } from './evidence.ts';

/**
 * The hashes that the entries' proofs need and that do not follow from the entries, from left to right in the tree of `size`.
 * @param entries ascending by index, each index once and below `size`
 */
export function shareProofs(entries: readonly EvidenceEntry[], size: bigint): Hash[] {
  const hashes: Hash[] = [];
  // Subtrees that hold entries[low…high−1], at least one.
  const walk = (start: bigint, end: bigint, low: number, high: number, depth: number): void => {
    if (end - start === 1n) return;
    const middle = start + splitPoint(end - start);
    const first = firstAtOrAfter(entries, middle, low, high);
    if (first === low) hashes.push(siblingAt(entries[low]!, depth));
    else walk(start, middle, low, first, depth + 1);
    if (first === high) hashes.push(siblingAt(entries[low]!, depth));
    else walk(middle, end, first, high, depth + 1);
  };
  if (entries.length > 0) walk(0n, size, 0, entries.length, 0);
  const restored = restoreProofs(entries, size, hashes);
  for (const [i, { index, proof }] of entries.entries()) {
    const same = proof.length === restored[i]!.length && proof.every((hash, j) => bytesEqual(hash, restored[i]![j]!));
    if (!same) throw new BundleError('malformed', `expected proofs in one tree, found another at entry ${index}`);
  }
  return hashes;
}

/** The proof of each entry, leaf sibling first. Throws `BundleError` 'malformed' unless every hash is used. */
export function restoreProofs(entries: readonly BareEntry[], size: bigint, hashes: readonly Hash[]): Hash[][] {
  const proofs: Hash[][] = entries.map(() => []);
  let used = 0;
  const walk = (start: bigint, end: bigint, low: number, high: number): Hash => {
    if (low === high) {
      const hash = hashes[used++];
      if (hash === undefined) throw new BundleError('malformed', `expected more than ${hashes.length} proof hashes`);
      return hash;
    }
    if (end - start === 1n) return hashLeaf(entries[low]!.entry);
    const middle = start + splitPoint(end - start);
    const first = firstAtOrAfter(entries, middle, low, high);
    const left = walk(start, middle, low, first);
    const right = walk(middle, end, first, high);
    for (let i = low; i < high; i++) proofs[i]!.push(i < first ? right : left);
    return hashNode(left, right);
  };
  if (entries.length > 0) walk(0n, size, 0, entries.length);
  if (used !== hashes.length) throw new BundleError('malformed', `expected ${used} proof hashes, found ${hashes.length}`);
  return proofs;
}

function siblingAt({ index, proof }: EvidenceEntry, depth: number): Hash {
  const hash = proof.at(-1 - depth);
  if (hash === undefined) throw new BundleError('malformed', `expected a longer proof of entry ${index}`);
  return hash;
}

function firstAtOrAfter(entries: readonly BareEntry[], index: bigint, low: number, high: number): number {
  let first = low;
  while (first < high && entries[first]!.index < index) first += 1;
  return first;
}
