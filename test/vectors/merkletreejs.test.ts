/**
 * merkletreejs as an independent oracle of roots and inclusion paths. Its traps: leaves must be pre-hashed Buffers, a lonely
 * node must be promoted (its default), the empty root differs from RFC 6962's, and `verify` knows neither index nor size.
 */
import { MerkleTree } from 'merkletreejs';
import { expect, test } from 'vitest';
import { CompactRange, hashLeaf, planInclusion, sha256, utf8Encode, verifyInclusion, type Hash, type NodeId } from '@verbatim/tlog';

/** merkletreejs concatenates two children and hashes: RFC 6962 wants 0x01 in front. */
const hashChildren = (children: Buffer) => Buffer.from(sha256(Buffer.concat([Uint8Array.of(1), children])));

const SIZE = 300;
const leaves = Array.from({ length: SIZE }, (_, i) => hashLeaf(utf8Encode(`entry ${i}`)));

function oracle(size: number): MerkleTree {
  return new MerkleTree(
    leaves.slice(0, size).map((leaf) => Buffer.from(leaf)),
    hashChildren,
  );
}

test('roots agree at every size from 1 to 300', () => {
  const range = new CompactRange();
  const wrong = leaves.flatMap((leaf, i) => {
    range.append(leaf);
    return Buffer.compare(range.root(), oracle(i + 1).getRoot()) === 0 ? [] : [i + 1];
  });
  expect(wrong).toEqual([]);
});

test('inclusion paths agree for every entry at every size up to 64, and at 255, 256, 257 and 300', () => {
  const nodes = new Map<string, Hash>();
  const range = new CompactRange();
  for (const leaf of leaves) range.append(leaf, (id, hash) => nodes.set(label(id), hash));
  const sizes = [...Array.from({ length: 64 }, (_, i) => i + 1), 255, 256, 257, SIZE];
  const wrong: string[] = [];
  for (const size of sizes) {
    const tree = oracle(size);
    for (let index = 0; index < size; index++) {
      const plan = planInclusion(BigInt(index), BigInt(size));
      const ours = plan.assemble(plan.nodes.map((id) => nodes.get(label(id))!));
      const theirs = tree.getProof(Buffer.from(leaves[index]!), index).map(({ data }) => new Uint8Array(data));
      const same = ours.length === theirs.length && ours.every((hash, i) => Buffer.compare(hash, theirs[i]!) === 0);
      const verified = verifyInclusion(BigInt(index), BigInt(size), leaves[index]!, theirs, new Uint8Array(tree.getRoot()));
      if (!same || !verified) wrong.push(`${index} in ${size}`);
    }
  }
  expect(wrong).toEqual([]);
});

function label({ level, index }: NodeId): string {
  return `${level}/${index}`;
}
