/** Whether a release has the signatures it needs: m of n publishers of one group (DESIGN §3.2). */
import { toHex } from '@verbatim/tlog';
import { purlCovers } from './scope.ts';

/** A publisher that is enrolled and not revoked. */
export interface EnrolledPublisher {
  readonly keyid: string;
  readonly publicKey: Uint8Array;
  readonly scope: readonly string[];
  readonly threshold: number;
  readonly group: string | null;
}

export interface Approval {
  readonly approved: boolean;
  /** The group that came nearest; null for a publisher on its own, or when no signer's scope covers the purl. */
  readonly group: string | null;
  /** Distinct keys of it that signed, and how many must. */
  readonly have: number;
  readonly need: number;
}

const NOBODY: Approval = { approved: false, group: null, have: 0, need: 1 };

/**
 * Counts distinct public keys, not signatures or names: one key enrolled under two names is one approval. Members of other groups do not
 * help. `signedBy` are keyids whose signatures verified.
 */
export function approvalOf(purl: string, signedBy: readonly string[], publishers: readonly EnrolledPublisher[]): Approval {
  const covering = publishers.filter(({ scope }) => scope.some((prefix) => purlCovers(prefix, purl)));
  const approvals = covering
    .filter(({ keyid }) => signedBy.includes(keyid))
    .map((signer) => {
      const fellows = signer.group === null ? [signer] : covering.filter(({ group }) => group === signer.group);
      const keys = new Set(fellows.filter(({ keyid }) => signedBy.includes(keyid)).map(({ publicKey }) => toHex(publicKey)));
      // Members that disagree about the threshold should not exist (see groupConflict); if they do, the strictest counts.
      const need = Math.max(...fellows.map(({ threshold }) => threshold));
      return { approved: keys.size >= need, group: signer.group, have: keys.size, need };
    });
  const nearest = approvals.toSorted((a, b) => a.need - a.have - (b.need - b.have))[0];
  return approvals.find(({ approved }) => approved) ?? nearest ?? NOBODY;
}

/** What a new member would say otherwise than its group: a message, or null when it agrees. */
export function groupConflict(
  candidate: Omit<EnrolledPublisher, 'keyid' | 'publicKey'>,
  publishers: readonly EnrolledPublisher[],
): string | null {
  if (candidate.group === null) return null;
  const member = publishers.find(({ group }) => group === candidate.group);
  if (member === undefined) return null;
  if (member.threshold !== candidate.threshold)
    return `expected threshold ${member.threshold} as in group ${candidate.group}, found ${candidate.threshold}`;
  const spell = (scope: readonly string[]): string => scope.toSorted().join(' ');
  if (spell(member.scope) !== spell(candidate.scope))
    return `expected scope ${spell(member.scope)} as in group ${candidate.group}, found ${spell(candidate.scope)}`;
  return null;
}
