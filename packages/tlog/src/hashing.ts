/** Merkle tree hashing: RFC 6962 §2.1 (= RFC 9162 §2.1.1) with SHA-256, as C2SP tlog-tiles demands. */
import { sha256 } from './bytes.ts';

/** 32 bytes of SHA-256. */
export type Hash = Uint8Array;

export const HASH_BYTES = 32;

/** Root of the tree of size 0: SHA-256 of nothing. */
export const EMPTY_ROOT: Hash = sha256(new Uint8Array(0));

/** Leaf hash of an entry: SHA-256(0x00 ‖ entry). */
export function hashLeaf(entry: Uint8Array): Hash {
  const data = new Uint8Array(1 + entry.length);
  data.set(entry, 1);
  return sha256(data);
}

/** Filled anew for each node: memory of its own for each would cost as much as the hash. */
const nodeData = new Uint8Array(1 + 2 * HASH_BYTES);
nodeData[0] = 1;

/** Hash of an inner node: SHA-256(0x01 ‖ left ‖ right). Both children must be 32 bytes. */
export function hashNode(left: Hash, right: Hash): Hash {
  if (left.length !== HASH_BYTES || right.length !== HASH_BYTES) {
    throw new RangeError(`expected two ${HASH_BYTES}-byte hashes, found ${left.length} and ${right.length} bytes`);
  }
  nodeData.set(left, 1);
  nodeData.set(right, 1 + HASH_BYTES);
  return sha256(nodeData);
}
