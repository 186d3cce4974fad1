import { hashNode, type Hash } from '@verbatim/tlog';

/** Root of a complete subtree from its 2^k hashes of one level (RFC 6962 §2.1). */
export function subtreeRoot(hashes: readonly Hash[]): Hash {
  let level = hashes;
  while (level.length > 1) {
    const above: Hash[] = [];
    for (let i = 0; i < level.length; i += 2) above.push(hashNode(level[i]!, level[i + 1]!));
    level = above;
  }
  return level[0]!;
}

/** Root of a tree from the complete subtrees that it is composed of, largest first. */
export function foldRange(hashes: readonly Hash[]): Hash {
  return hashes.reduceRight((right, left) => hashNode(left, right));
}
