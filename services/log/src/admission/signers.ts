import { keyidOfVkey, PREDICATE, type Statement } from '@verbatim/statements';
import { parseVkey } from '@verbatim/tlog';
import { type Candidate, keyidsOf } from './candidate.ts';
import { notTheRoot } from './control.ts';
import { current, type Term } from './control-state.ts';
import { type Refusal, refuse, writtenByTheLog } from './refusal.ts';
import type { AdmissionView, Role, RosterKey } from './view.ts';

interface SignerKey {
  readonly keyid: string;
  readonly publicKey: Uint8Array;
}

/** Keys that must have signed the candidate, found before any signature is checked; whether they *may* sign it is `admit`'s business. */
export type Signers =
  | { readonly kind: 'known'; readonly keys: readonly SignerKey[] }
  | { readonly kind: 'refuse'; readonly refusal: Refusal };

/**
 * Finds the public key behind every signature of the envelope. One unknown key refuses the entry: a signature that the log cannot check
 * must not end up in it (DESIGN §8: readers re-check every entry). Keys that were retired are found too, for the repeat of what they signed.
 */
export function findSigners(candidate: Candidate, view: AdmissionView): Signers {
  const keys: SignerKey[] = [];
  const own = ownKeys(candidate.statement, view);
  for (const keyid of keyidsOf(candidate)) {
    const known = own.find((key) => key.keyid === keyid) ?? view.rosterKeys(keyid)[0];
    if (known === undefined) return { kind: 'refuse', refusal: strangerTo(candidate.statement, keyid, view) };
    keys.push({ keyid, publicKey: known.publicKey });
  }
  return { kind: 'known', keys };
}

/** Keys that are not on the roster and may sign such a statement. */
function ownKeys({ predicateType, predicate }: Statement, { control }: AdmissionView): SignerKey[] {
  const held = (terms: readonly Term[]): SignerKey[] => terms.map(({ key, keyid }) => ({ keyid, publicKey: key.publicKey }));
  if (predicateType === PREDICATE.roster) return held(control.terms.admin);
  if (predicateType !== PREDICATE.control) return [];
  const added = predicate.action === 'rotate' ? [parseVkey(predicate.vkey)] : [];
  return [...held(control.terms.root), ...added.map((key) => ({ keyid: keyidOfVkey(key), publicKey: key.publicKey }))];
}

function strangerTo({ predicateType, predicate }: Statement, keyid: string, view: AdmissionView): Refusal {
  if (predicateType === PREDICATE.control && predicate.action === 'index-root') return writtenByTheLog(predicate.action);
  if (predicateType === PREDICATE.roster) return notTheAdmin(keyid, view);
  return predicateType === PREDICATE.control ? notTheRoot(keyid, view) : unknownKey(keyid);
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
    `Expected one signature by this log's admin key ${current(view.control, 'admin').keyid}; found ${keyid}. Only the admin key changes the roster.`,
  );
}

function unknownKey(keyid: string): Refusal {
  return refuse(
    'unknown-key',
    `Expected a key on this log's roster; ${keyid} was never enrolled here. Send the operator an enrolment request for it.`,
  );
}
