import { PREDICATE } from '@verbatim/statements';
import { type Candidate, keyidsOf } from './candidate.ts';
import { type Refusal, refuse } from './refusal.ts';
import type { AdmissionView, Role, RosterKey } from './view.ts';

/** Keys that must have signed the candidate, found before any signature is checked; whether they *may* sign it is `admit`'s business. */
export type Signers =
  | { readonly kind: 'known'; readonly keys: readonly { readonly keyid: string; readonly publicKey: Uint8Array }[] }
  | { readonly kind: 'refuse'; readonly refusal: Refusal };

/**
 * Finds the public key behind every signature of the envelope. One unknown key refuses the entry: a signature that the log cannot check
 * must not end up in it (DESIGN §8: readers re-check every entry).
 */
export function findSigners(
  candidate: Candidate,
  view: AdmissionView,
  admin: { readonly keyid: string; readonly publicKey: Uint8Array },
): Signers {
  const keys: { keyid: string; publicKey: Uint8Array }[] = [];
  const byAdmin = candidate.statement.predicateType === PREDICATE.roster || candidate.statement.predicateType === PREDICATE.control;
  for (const keyid of keyidsOf(candidate)) {
    if (byAdmin && keyid === admin.keyid) {
      keys.push({ keyid, publicKey: admin.publicKey });
      continue;
    }
    const enrolled = view.rosterKeys(keyid)[0];
    if (enrolled === undefined) return { kind: 'refuse', refusal: byAdmin ? notTheAdmin(keyid, view) : unknownKey(keyid) };
    keys.push({ keyid, publicKey: enrolled.publicKey });
  }
  return { kind: 'known', keys };
}

/** The signer's standing in one role. A revoked key is refused from the index of its revocation on. */
export function standing(keyid: string, role: Role, view: AdmissionView): { readonly key: RosterKey } | { readonly refusal: Refusal } {
  const keys = view.rosterKeys(keyid);
  if (keys.length === 0) return { refusal: unknownKey(keyid) };
  const key = keys.find((candidate) => candidate.role === role);
  if (key === undefined) {
    const roles = keys.map((candidate) => candidate.role).join(', ');
    return {
      refusal: refuse(
        'wrong-role',
        `Expected the key of a ${role}; ${keyid} is enrolled as ${roles}. Sign with a ${role} key, or ask the log's operator to enrol this one.`,
      ),
    };
  }
  if (key.revokedAt !== null) {
    return {
      refusal: refuse(
        'revoked-key',
        `Expected a key in good standing; ${keyid} (${key.name}) was revoked as ${role} by entry ${key.revokedAt}. Make a new key and have it enrolled.`,
        key.revokedAt,
      ),
    };
  }
  return { key };
}

export function notTheAdmin(keyid: string, view: AdmissionView): Refusal {
  return refuse(
    'not-the-admin',
    `Expected one signature by this log's admin key ${view.adminKeyid}, named in entry 0; found ${keyid}. Only the admin key changes the roster.`,
  );
}

function unknownKey(keyid: string): Refusal {
  return refuse(
    'unknown-key',
    `Expected a key on this log's roster; ${keyid} was never enrolled here. Send the operator an enrolment request for it.`,
  );
}
