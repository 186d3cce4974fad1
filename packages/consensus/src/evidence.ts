import type { Hash } from '@verbatim/tlog';

/**
 * What a verdict is computed from. Nothing in it is trusted: `evaluate` verifies the log's signature, the cosignatures, the inclusion of
 * every entry and every signature in the entries. Whoever gathered it can only leave something out.
 */
export interface Evidence {
  /** A checkpoint with cosignatures, as the log served it. */
  readonly checkpoint: Uint8Array;
  /** Ascending by index, each index once. */
  readonly entries: readonly EvidenceEntry[];
}

export interface EvidenceEntry {
  readonly index: bigint;
  /** The entry's bytes: one envelope. */
  readonly entry: Uint8Array;
  /** Inclusion proof at the checkpoint's size, leaf sibling first. */
  readonly proof: readonly Hash[];
}
