import type { TlogPolicy, VerifierKey } from '@verbatim/tlog';

/**
 * What one client demands (DESIGN §3.4). The only source of votes; it comes from outside the log. Made by `parsePolicy` alone, which
 * refuses everything that could never hold or that would accept everything.
 */
export interface Policy {
  /** Version of the grammar. */
  readonly version: 1;
  /** POSIX seconds. At this moment and after it the policy is refused. */
  readonly expires: number;
  readonly log: { readonly key: VerifierKey; readonly url: string | null };
  /** Signs the log's control statements. */
  readonly root: VerifierKey;
  /** The C2SP part: log, witnesses, groups, quorum. */
  readonly tlog: TlogPolicy;
  readonly operators: readonly Operator[];
  readonly rebuilders: readonly Rebuilder[];
  readonly claimants: readonly Claimant[];
  /** k: matching operators demanded; 1…operators with keys. */
  readonly require: number;
  /** Operators that must have answered, matching or dissenting; ≥ `require`. */
  readonly answers: number;
  /** Dissenting operators tolerated. */
  readonly dissent: number;
  readonly distinct: readonly DistinctRule[];
  /** Greatest age of a checkpoint in seconds, from the cosignatures of the quorum; null with `quorum none`, where age cannot be known. */
  readonly maxAge: number | null;
  /** The same for a bundle checked offline. */
  readonly bundleMaxAge: number | null;
  /** How sure it must be that nothing logged was left out: at all, by the log's root, or by an audit (DESIGN §3.5). */
  readonly completeness: CompletenessDemand;
  /** Who cosigns a checkpoint only after rebuilding its index. Used for nothing else. */
  readonly indexWitnesses: readonly IndexWitness[];
  /** How many of them make an audit; 0 exactly when there are none. */
  readonly indexQuorum: number;
}

export const COMPLETENESS_DEMANDS = ['advisory', 'root', 'audited'] as const;
export type CompletenessDemand = (typeof COMPLETENESS_DEMANDS)[number];

export interface IndexWitness {
  readonly name: string;
  readonly key: VerifierKey;
}

/** Who runs rebuilders: one operator, one vote, whatever the number of keys. */
export interface Operator {
  readonly name: string;
  readonly cloud: string | null;
  /** Where the operator's toolchains come from. */
  readonly toolchain: string | null;
}

/** A machine identity. */
export interface Rebuilder {
  readonly name: string;
  readonly operator: string;
  /** Go style, as in `linux/amd64`; observations from another host are void. */
  readonly arch: string;
  readonly key: VerifierKey;
  /** 64 hex digits. */
  readonly keyid: string;
  /** Where it serves itself what it signed and no log took; null when that is not known. Asked on request only. */
  readonly url: string | null;
}

/** Who may say that a file is a release's. */
export interface Claimant {
  readonly name: string;
  readonly kind: 'registrar' | 'publisher';
  /** A purl prefix: `pkg:npm/` or `pkg:npm/esbuild`. */
  readonly prefix: string;
  readonly key: VerifierKey;
  readonly keyid: string;
}

export const DISTINCT_PROPERTIES = ['operator', 'arch', 'cloud', 'toolchain'] as const;
export type DistinctProperty = (typeof DISTINCT_PROPERTIES)[number];

/** Among the matching operators, at least `atLeast` must differ in `property`. */
export interface DistinctRule {
  readonly property: DistinctProperty;
  readonly atLeast: number;
}

/** Limits of a policy file; all far above what a person would write. */
export const POLICY_LIMITS = {
  operators: 256,
  rebuilders: 1024,
  claimants: 256,
  indexWitnesses: 64,
  /** A year and a day, in seconds. */
  age: 366 * 24 * 3600,
} as const;

export const DEFAULT_MAX_AGE = 24 * 3600;
export const DEFAULT_BUNDLE_MAX_AGE = 30 * 24 * 3600;
/** Timestamps further ahead of us than this do not count (DESIGN §3.13). Seconds. */
export const MAX_CLOCK_LEAD = 5 * 60;
