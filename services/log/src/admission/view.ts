import type { ControlState } from './control-state.ts';

/**
 * What admission may know about the log: a read-only port, so that the rules are pure and one transaction can stand behind it.
 * It shows everything *sequenced* so far, entries of the batch in progress included: uniqueness must hold against those too.
 */
export type Role = 'rebuilder' | 'publisher' | 'registrar';

export interface RosterKey {
  readonly keyid: string;
  readonly role: Role;
  /** The vkey's name. */
  readonly name: string;
  readonly publicKey: Uint8Array;
  readonly operator: string;
  /** purl prefixes of a publisher, purl types (`pkg:npm/`) of a registrar, nothing for a rebuilder. */
  readonly scope: readonly string[];
  readonly threshold: number;
  readonly group: string | null;
  readonly enrolledAt: bigint;
  readonly revokedAt: bigint | null;
}

/** The part of a release entry that observations are checked against. */
export interface ReleaseSummary {
  readonly index: bigint;
  /** Lower-case hex. */
  readonly leafHash: string;
  /** sha256 of the recipe, lower-case hex. */
  readonly recipe: string;
  /** Artifact name to its claimed sha256; null when nothing was published under that name. */
  readonly artifacts: ReadonlyMap<string, string | null>;
}

export interface AdmissionView {
  readonly origin: string;
  /** Number of entries sequenced so far, which is the index the next entry gets. */
  readonly size: bigint;
  /** What control entries say so far. */
  readonly control: ControlState;
  /** What a public key serves as already, or did before (log, root, admin, witness …), or null. One Ed25519 key serves one role (transparency-logs.md §1.3). */
  reservedUse(publicKey: Uint8Array): string | null;
  /** Whether this process can sign checkpoints with the key. */
  holdsLogKey(vkey: string): boolean;
  /** Root of the tree of all entries so far; null while a batch is under way, whose entries are not in the tree yet. */
  treeRoot(): Uint8Array | null;
  rosterKeys(keyid: string): readonly RosterKey[];
  /** Every publisher key ever enrolled in the group, revoked ones included. */
  groupMembers(group: string): readonly RosterKey[];
  hasEntry(index: bigint): boolean;
  release(index: bigint): ReleaseSummary | null;
  /** The `of` that this claimant gave for the first part of this purl, or null. */
  partsOf(claimant: string, purl: string): number | null;
  /** The entry that holds a uniqueness key (`uniqueness.ts`), or null. */
  holder(key: string): bigint | null;
  /** Lower-case hex sha256 of the payload of a sequenced entry. Only asked for when something looks like a repeat. */
  payloadDigest(index: bigint): string;
  /** Size in bytes of a stored blob, or null. */
  blobSize(sha256: string): number | null;
}
