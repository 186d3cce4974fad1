import { type Enrolment, groupConflict, type Revocation, ROLES, type RosterStatement } from '@verbatim/statements';
import { parseVkey } from '@verbatim/tlog';
import { type Candidate, keyidsOf } from './candidate.ts';
import { current } from './control-state.ts';
import type { Decision } from './plan.ts';
import { type Refusal, refuse } from './refusal.ts';
import { notTheAdmin } from './signers.ts';
import { enrolmentKey, publicKeyKey, revocationKey, submissionKey } from './uniqueness.ts';
import type { AdmissionView, RosterKey } from './view.ts';

/** Rules for a change of the roster: only by the admin key of this moment, one enrolment a key and role, no way back after revocation. */
export function admitRoster(candidate: Candidate, statement: RosterStatement, view: AdmissionView): Decision {
  const keyids = keyidsOf(candidate);
  const admin = current(view.control, 'admin');
  const stranger = keyids.find((keyid) => keyid !== admin.keyid);
  if (stranger !== undefined) return no(notTheAdmin(stranger, view));
  const submission = submissionKey(candidate.payloadDigest, keyids);
  // A sound Ed25519 key of type 0x01, whose keyid the subject names, and scopes that fit the role: checked when the statement was decoded.
  const keyid = statement.subject[0]!.digest.sha256;
  return statement.predicate.action === 'enrol'
    ? enrol(statement.predicate, keyid, submission, view)
    : revoke(statement.predicate, keyid, submission, view);
}

function enrol(predicate: Enrolment, keyid: string, submission: string, view: AdmissionView): Decision {
  const { role } = predicate;
  const vkey = parseVkey(predicate.vkey);
  const use = view.reservedUse(vkey.publicKey);
  if (use !== null) {
    return no(
      refuse(
        'key-in-use',
        `Expected a key used for nothing else; the public key of ${vkey.name} is the ${use}. Generate a key for the ${role} alone.`,
      ),
    );
  }
  // A revocation names a keyid, and holds for the public key: who looks up one of its names must find the revocation of the other.
  const renamed = ROLES.find(
    (other) =>
      view.holder(publicKeyKey(other, vkey.publicKey)) !== null && view.holder(enrolmentKey(other, keyid)) === null && other !== role,
  );
  if (renamed !== undefined) {
    return no(
      refuse(
        'key-in-use',
        `Expected a key with one name; the public key of ${vkey.name} is enrolled as ${renamed} under another. Use that name, or generate a key for the ${role} alone.`,
      ),
    );
  }
  const holder = view.holder(enrolmentKey(role, keyid)) ?? view.holder(publicKeyKey(role, vkey.publicKey));
  if (holder !== null) {
    return no(
      refuse(
        'already-enrolled',
        `Expected a key that was never enrolled as ${role}; entry ${holder} enrolled this one. Use that enrolment; after a revocation, enrol a new key.`,
        holder,
      ),
    );
  }
  const key: RosterKey = {
    keyid,
    role,
    name: vkey.name,
    publicKey: vkey.publicKey,
    operator: predicate.operator,
    scope: predicate.scope,
    threshold: predicate.threshold,
    group: predicate.group,
    enrolledAt: view.size,
    revokedAt: null,
  };
  const conflict = groupConflict(key, key.group === null ? [] : view.groupMembers(key.group));
  if (conflict !== null)
    return no(
      refuse(
        'group-mismatch',
        `Publishers of one group share scope and threshold: ${conflict}. Use the group's terms, or another group name.`,
      ),
    );
  return {
    kind: 'admit',
    plan: { uniqueness: [submission, enrolmentKey(role, keyid), publicKeyKey(role, vkey.publicKey)], effect: { kind: 'enrol', key } },
  };
}

function revoke(predicate: Revocation, keyid: string, submission: string, view: AdmissionView): Decision {
  const { role, compromisedSince } = predicate;
  const key = view.rosterKeys(keyid).find((candidate) => candidate.role === role);
  if (key === undefined) return no(refuse('not-enrolled', `Expected a key enrolled as ${role}; ${keyid} is not. Check role and vkey.`));
  // That a retired key was compromised may come out later; clients heed the earliest index of all revocations (DESIGN §3.4).
  if (key.revokedAt !== null && compromisedSince === null) {
    return no(
      refuse(
        'already-revoked',
        `Expected a key in good standing; entry ${key.revokedAt} revoked ${keyid} as ${role}. Nothing is left to do, unless it was compromised: then say since when.`,
        key.revokedAt,
      ),
    );
  }
  if (compromisedSince !== null && BigInt(compromisedSince) > view.size) {
    return no(
      refuse(
        'index-in-the-future',
        `Expected compromisedSince at most ${view.size}, the log's size; found ${compromisedSince}. Name the first entry that is in doubt.`,
      ),
    );
  }
  const uniqueness = key.revokedAt === null ? [submission, revocationKey(role, keyid)] : [submission];
  return { kind: 'admit', plan: { uniqueness, effect: { kind: 'revoke', role, keyid } } };
}

function no(refusal: Refusal): Decision {
  return { kind: 'refuse', refusal };
}
