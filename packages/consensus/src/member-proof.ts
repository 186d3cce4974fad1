/** That a container has an entry: a part of the evidence, and how a bundle has it (docs/spec/bundle.md §6). */
import { checkMemberEntry, MAX_MEMBERS, StatementError, type MemberEntry } from '@verbatim/statements';
import { concatBytes, HASH_BYTES, toBase64, type Hash } from '@verbatim/tlog';
import { base64, malformed, members } from './bundle-json.ts';

/** Proves that an entry is in the tree whose root rebuilders sign. */
export interface MemberProof {
  readonly entry: MemberEntry;
  /** Of the leaf. */
  readonly index: bigint;
  /** Leaf sibling first. */
  readonly proof: readonly Hash[];
}

/** More than a tree of a million leaves has levels. */
const MAX_PROOF_BYTES = 20 * HASH_BYTES;

/** Members in canonical order. */
export function toBundledMember({ entry, index, proof }: MemberProof): object {
  const { mode, path, sha256, size, type } = entry;
  return { entry: { mode, path, sha256, size, type }, index: Number(index), proof: toBase64(concatBytes(...proof)) };
}

/** Throws `BundleError` 'malformed'. */
export function readBundledMember(value: unknown): MemberProof {
  const { entry, index, proof } = members(value, ['entry', 'index', 'proof']);
  if (!Number.isSafeInteger(index) || (index as number) < 0 || (index as number) >= MAX_MEMBERS)
    throw malformed(`the index of a member as an integer in 0…${MAX_MEMBERS - 1}`);
  const bytes = base64(proof, MAX_PROOF_BYTES, 'the proof of a member');
  if (bytes.length % HASH_BYTES !== 0) throw malformed(`hashes of ${HASH_BYTES} bytes each`);
  const hashes = Array.from({ length: bytes.length / HASH_BYTES }, (_, i) => bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES));
  return { entry: memberEntry(entry), index: BigInt(index as number), proof: hashes };
}

function memberEntry(value: unknown): MemberEntry {
  try {
    return checkMemberEntry(value);
  } catch (cause) {
    if (cause instanceof StatementError) throw malformed('an entry of a container', cause);
    throw cause;
  }
}
