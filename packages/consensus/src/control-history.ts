/** The life of a log as its control entries tell it (DESIGN §3.2, §3.4): which key spoke for what, from which entry on. */
import type { ControlAction } from '@verbatim/statements';
import type { VerifierKey } from '@verbatim/tlog';
import type { Finding } from './findings.ts';

/** A key in an office, for the entries after `since`, and for the checkpoints that cover it. */
export interface Term {
  readonly key: VerifierKey;
  readonly keyid: string;
  /** The entry that said so; null for what an era begins with. */
  readonly since: bigint | null;
}

export type Office = ControlAction<'rotate'>['key'];

/** What a log admits, for the entries after `since`. */
export interface AdmissionTerm extends Pick<ControlAction<'admission'>, 'claims' | 'attempts' | 'approvals'> {
  readonly since: bigint;
}

/** The entries that one log sequenced: all of them, or those after its predecessor's. */
export interface Era {
  readonly origin: string;
  /** The era's genesis; 0 for the first one, also when it was not shown. */
  readonly from: bigint;
  /** Where the log is read, as the log before it said; null for the first era. */
  readonly url: string | null;
  /** Oldest first. No admin while no genesis was shown; in the first era the log key that the policy pins, while no rotation names an earlier one. */
  readonly terms: Readonly<Record<Office, readonly Term[]>>;
  readonly admission: readonly AdmissionTerm[];
  readonly frozen: { readonly index: bigint; readonly reason: string | null } | null;
}

/** Where a log goes on. */
export interface NamedSuccessor {
  /** Of the entry that names it. */
  readonly index: bigint;
  readonly vkey: string;
  readonly rootVkey: string;
  readonly url: string;
}

/** A root that the tree must have had before an entry, as somebody signed. */
export interface PriorRoot {
  readonly index: bigint;
  /** Hex. */
  readonly root: string;
}

/** Nothing in it is believed that a chain of signatures from the policy's root key does not lead to. */
export interface ControlHistory {
  /** Oldest first, never empty; a log that goes on from none has one. */
  readonly eras: readonly Era[];
  /** Named by the last era's log; null while it goes on by itself. */
  readonly successor: NamedSuccessor | null;
  /** To be held against the tree, once its checkpoint is verified. */
  readonly priorRoots: readonly PriorRoot[];
  /** Control entries that no honest log admits. */
  readonly findings: readonly Finding[];
}

/** The era that an entry belongs to. */
export function eraAt({ eras }: ControlHistory, index: bigint): Era {
  return eras.findLast(({ from }) => from <= index)!;
}

/** Who held the office when an entry was admitted; null when that is not known. */
export function holderAt(history: ControlHistory, office: Office, index: bigint): Term | null {
  return termBefore(eraAt(history, index).terms[office], index);
}

/** The key whose signature a checkpoint must carry; null when nothing leads from the policy to a log of this origin and size. */
export function logKeyOf({ eras }: ControlHistory, origin: string, size: bigint): Term | null {
  const era = eras.find((each) => each.origin === origin && (each.from === 0n || each.from < size));
  return era === undefined ? null : termBefore(era.terms.log, size);
}

/** What was admitted when an entry was; null while nothing was said about it. */
export function admissionAt(history: ControlHistory, index: bigint): AdmissionTerm | null {
  return eraAt(history, index).admission.findLast(({ since }) => since < index) ?? null;
}

function termBefore(terms: readonly Term[], index: bigint): Term | null {
  return terms.findLast(({ since }) => since === null || since < index) ?? null;
}
