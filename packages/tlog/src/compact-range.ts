/** The append-only state of a log: roots of the complete subtrees of a tree (RFC 6962 §2.1). */
import { MAX_SIZE, checkRange } from './decimal.ts';
import { EMPTY_ROOT, HASH_BYTES, hashNode, type Hash } from './hashing.ts';
import { compactRangeNodes, foldRange, type NodeId } from './nodes.ts';

/**
 * At most 63 hashes stand for a whole tree. To load one at size n, read the nodes of
 * `compactRangeNodes(n)` and hand their hashes over in that order.
 *
 * @example
 * const range = new CompactRange();
 * range.append(hashLeaf(entry), (id, hash) => store(id, hash));
 * const checkpoint = { origin, size: range.size, root: range.root() };
 */
export class CompactRange {
  #size: bigint;
  readonly #hashes: Hash[];

  /** Throws RangeError when the number or length of the hashes does not fit the size. */
  constructor(size: bigint = 0n, hashes: readonly Hash[] = []) {
    const expected = compactRangeNodes(checkRange(size, 'a tree size')).length;
    if (hashes.length !== expected) {
      throw new RangeError(`expected ${expected} hashes for size ${size}, found ${hashes.length}`);
    }
    for (const hash of hashes) {
      if (hash.length !== HASH_BYTES) throw new RangeError(`expected ${HASH_BYTES}-byte hashes, found ${hash.length} bytes`);
    }
    this.#size = size;
    this.#hashes = [...hashes];
  }

  get size(): bigint {
    return this.#size;
  }

  /** A copy of the list, largest subtree first. */
  get hashes(): Hash[] {
    return [...this.#hashes];
  }

  /**
   * Add one leaf hash. `onNode` is called for every node that this completes, the leaf first, then
   * upwards; the tiles of a log are exactly these nodes. The hashes passed must not be modified.
   */
  append(leaf: Hash, onNode?: (id: NodeId, hash: Hash) => void): void {
    if (leaf.length !== HASH_BYTES) throw new RangeError(`expected a ${HASH_BYTES}-byte leaf hash, found ${leaf.length} bytes`);
    checkRange(this.#size + 1n, 'a tree size', MAX_SIZE);
    let hash = leaf;
    let level = 0;
    let index = this.#size;
    onNode?.({ level, index }, hash);
    // Every trailing one-bit of the old size is a complete subtree that this leaf pairs up.
    while ((index & 1n) === 1n) {
      hash = hashNode(this.#hashes.pop()!, hash);
      level += 1;
      index >>= 1n;
      onNode?.({ level, index }, hash);
    }
    this.#hashes.push(hash);
    this.#size += 1n;
  }

  /** Root hash of the tree; `EMPTY_ROOT` at size 0. */
  root(): Hash {
    return this.#size === 0n ? EMPTY_ROOT : foldRange(this.#hashes);
  }

  clone(): CompactRange {
    return new CompactRange(this.#size, this.#hashes);
  }
}
