import type { ControlPredicate } from '@verbatim/statements';
import type { Refusal } from './refusal.ts';
import type { Role, RosterKey } from './view.ts';

/** What is written, besides the entry itself, when an entry is admitted. */
export interface Plan {
  /** Uniqueness keys that the entry takes. All of them are free. */
  readonly uniqueness: readonly string[];
  readonly effect: Effect;
}

export type Effect =
  | { readonly kind: 'release'; readonly row: ReleaseRow }
  | { readonly kind: 'observation'; readonly row: ObservationRow }
  | { readonly kind: 'enrol'; readonly key: RosterKey }
  | { readonly kind: 'revoke'; readonly role: Role; readonly keyid: string }
  | { readonly kind: 'control'; readonly predicate: ControlPredicate };

export interface ReleaseRow {
  readonly purl: string;
  /** `group:<name>` or `key:<keyid>`: who may not register the same part twice. */
  readonly claimant: string;
  readonly claim: 'publisher' | 'registrar';
  readonly part: number;
  readonly of: number;
  readonly recipe: string;
  readonly artifacts: readonly { readonly name: string; readonly sha256: string | null }[];
  /** Digests under which a look-up finds the release: files and their containers. */
  readonly digests: readonly string[];
}

export interface ObservationRow {
  readonly release: bigint;
  readonly artifact: string;
  readonly keyid: string;
  readonly attempt: number;
  /** Platform that the rebuild ran on. */
  readonly host: string;
  readonly result: string;
  readonly reason: string | null;
}

export type Decision =
  | { readonly kind: 'admit'; readonly plan: Plan }
  | { readonly kind: 'duplicate'; readonly index: bigint }
  | { readonly kind: 'refuse'; readonly refusal: Refusal };
