import type { Lookup } from '@verbatim/statements';
import type { Hash } from '@verbatim/tlog';
import type { MemberProof } from './member-proof.ts';

/**
 * What a verdict is computed from. Nothing in it is trusted: `evaluate` verifies the log's signature, the cosignatures, the inclusion of
 * every entry and every signature in the entries. Whoever gathered it can only leave something out, and `index` shows whether they did.
 */
export interface Evidence {
  /** A checkpoint with cosignatures, as the log served it. */
  readonly checkpoint: Uint8Array;
  /** Ascending by index, each index once. */
  readonly entries: readonly EvidenceEntry[];
  /** Proofs against the index root that is the checkpoint's last entry. Empty when nobody gave any. */
  readonly index: readonly LookupProof[];
  /** That a container has a certain entry, for who asks about a file out of it. */
  readonly member?: MemberProof;
}

/** Shows that certain entries are all that the log's index has under a lookup key. */
export interface LookupProof {
  readonly lookup: Lookup;
  /** Prefix proof (docs/spec/index-map.md §4); which entries it is about follows from the entries. */
  readonly proof: Uint8Array;
}

export interface EvidenceEntry {
  readonly index: bigint;
  /** The entry's bytes: one envelope. */
  readonly entry: Uint8Array;
  /** Inclusion proof at the checkpoint's size, leaf sibling first. */
  readonly proof: readonly Hash[];
}
