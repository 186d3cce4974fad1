/** What an evaluation has to say besides its verdict. */

export type FindingCode =
  | 'policy-expired'
  | 'checkpoint-malformed'
  | 'checkpoint-unverified'
  | 'cosignature-forged'
  | 'quorum-missing'
  | 'checkpoint-stale'
  | 'inclusion-failed'
  | 'entry-malformed'
  | 'signature-failed'
  | 'genesis-mismatch'
  | 'control-invalid'
  | 'continuity-broken'
  | 'after-freeze'
  | 'roster-unauthorised'
  | 'admission-broken'
  | 'log-continued'
  | 'other-origin'
  | 'release-mismatch'
  | 'artifact-not-listed'
  | 'index-root-wrong'
  | 'incomplete'
  | 'another-file'
  | 'unaudited'
  | 'attempt-repeated'
  | 'attempt-order'
  | 'member-unproved';

export interface Finding {
  readonly code: FindingCode;
  /** What was expected and what was found. */
  readonly message: string;
  /** The entry at fault; null when it is the checkpoint or the policy. */
  readonly index: bigint | null;
}

/** An entry that was read, verified where it could be, and had no say. */
export interface Ignored {
  readonly index: bigint;
  readonly reason: string;
}

/** One check, named after the clause of the design that demands it; printed by `--explain`. */
export interface Step {
  readonly clause: string;
  readonly check: string;
  readonly ok: boolean;
  /** Expected and found. */
  readonly detail: string;
}
