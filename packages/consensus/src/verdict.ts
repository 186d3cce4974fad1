import type { CheckpointState } from './check-checkpoint.ts';
import type { Completeness } from './completeness.ts';
import type { ExtractedState } from './extracted.ts';
import type { Finding, Ignored, Step } from './findings.ts';
import type { JudgedClaim } from './judge.ts';
import type { MemberState } from './members.ts';
import type { VerdictKind } from './verdict-kind.ts';

/** The answer about one file, with everything that a reader needs to see why. */
export interface Verdict {
  readonly verdict: VerdictKind;
  /** 0 for `reproduced` and for nothing else. */
  readonly exitCode: number;
  /** The digest that was judged, lower-case hex: the file's, or the member's. */
  readonly sha256: string;
  /** The claim that the verdict is about: purl, claimant, source, operators. Null when no claim was judged. */
  readonly claim: JudgedClaim | null;
  /** Every other claim to the same digest, with its own count. A release that is not reproduced is always visible here. */
  readonly others: readonly JudgedClaim[];
  /** Of a container whose members are claimed (DESIGN §3.12); null otherwise. */
  readonly members: readonly MemberState[] | null;
  /** Of a file that was extracted from a container, when the container is proved to have it; null otherwise. */
  readonly extracted: ExtractedState | null;
  /** What the asked release claims instead, for `unknown-file`. */
  readonly expected: readonly ExpectedFile[];
  /** How sure it is that nothing logged about the question is missing (DESIGN §3.5). Only `complete-and-audited` is sound. */
  readonly completeness: Completeness;
  /** Who audited the index: names of index-witnesses, or `this machine`. Empty unless it is audited. */
  readonly auditedBy: readonly string[];
  readonly checkpoint: CheckpointState | null;
  /** Every check that was made, in order. */
  readonly steps: readonly Step[];
  /** Entries that had no say, and why. */
  readonly ignored: readonly Ignored[];
  readonly errors: readonly Finding[];
  readonly warnings: readonly string[];
  /** What to do now, in words. */
  readonly next: readonly string[];
}

export interface ExpectedFile {
  readonly purl: string;
  readonly index: bigint;
  readonly artifact: string;
  readonly sha256: string;
}
