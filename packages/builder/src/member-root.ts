/**
 * Member roots (DESIGN §3.12): the RFC 6962 tree over an archive's entries, so that one extracted file can be verified against a signed root.
 * merkletreejs builds the tree and nothing else: its `verify` knows neither index nor size and accepts inner nodes as leaves. Proofs are
 * checked by @verbatim/tlog.
 */
import { checkMemberEntry, MAX_MEMBERS, memberLeaf, StatementError, type MemberEntry } from '@verbatim/statements';
import { EMPTY_ROOT, hashLeaf, sha256, type Hash } from '@verbatim/tlog';
import { MerkleTree } from 'merkletreejs';
import { BuilderError } from './errors.ts';

export interface MemberProof {
  readonly index: bigint;
  readonly leaf: Hash;
  readonly proof: Hash[];
}

export interface MemberTree {
  readonly root: Hash;
  readonly size: bigint;
  /** For @verbatim/tlog's verifyInclusion. Null when there is no such entry. */
  prove(path: string): MemberProof | null;
}

const NODE_PREFIX = Buffer.of(1);

/**
 * The tree over `entries`, sorted by the bytes of their paths.
 * @throws BuilderError `bad-members` where a path is there twice, absolute, or has an empty segment, `.` or `..`; where a value is out of
 *   range; and over a million entries
 */
export function memberTree(entries: readonly MemberEntry[]): MemberTree {
  if (entries.length > MAX_MEMBERS) throw bad(`at most ${MAX_MEMBERS} entries`, String(entries.length));
  const sorted = entries.map((entry) => ({ entry, key: Buffer.from(checked(entry).path) })).sort((a, b) => Buffer.compare(a.key, b.key));
  const twice = sorted.find(({ key }, index) => index > 0 && key.equals(sorted[index - 1]!.key));
  if (twice !== undefined) throw bad('each path once', JSON.stringify(twice.entry.path));
  const leaves = sorted.map(({ entry }) => Buffer.from(hashLeaf(memberLeaf(entry))));
  // A lonely node is promoted as it is, which is RFC 6962's shape; a pair is hashed as 0x01 ‖ left ‖ right.
  const tree = new MerkleTree(leaves, hashPair, { hashLeaves: false, sortLeaves: false, sortPairs: false, duplicateOdd: false });
  return {
    root: leaves.length === 0 ? EMPTY_ROOT : new Uint8Array(tree.getRoot()),
    size: BigInt(leaves.length),
    prove(path) {
      const index = sorted.findIndex(({ entry }) => entry.path === path);
      if (index === -1) return null;
      const proof = tree.getProof(leaves[index]!, index).map(({ data }) => new Uint8Array(data));
      return { index: BigInt(index), leaf: new Uint8Array(leaves[index]!), proof };
    },
  };
}

/** The root alone. */
export function memberRoot(entries: readonly MemberEntry[]): Hash {
  return memberTree(entries).root;
}

function hashPair(pair: Buffer): Buffer {
  return Buffer.from(sha256(Buffer.concat([NODE_PREFIX, pair])));
}

function checked(entry: MemberEntry): MemberEntry {
  try {
    return checkMemberEntry(entry);
  } catch (cause) {
    if (!(cause instanceof StatementError)) throw cause;
    throw new BuilderError('bad-members', `member root: ${cause.message}`, { cause });
  }
}

function bad(expected: string, found: string): BuilderError {
  return new BuilderError('bad-members', `member root: expected ${expected}, found ${found}`);
}
