import type { Problem } from '@verbatim/service-kit';
import type { Refusal, RefusalCode } from '../admission/refusal.ts';
import type { Outcome } from '../service/submit.ts';

/** One title for each refusal: the same for every occurrence (RFC 9457 §3.1.3). */
const TITLES: Record<RefusalCode, string> = {
  malformed: 'Not a well-formed entry',
  'bad-signature': 'A signature does not verify',
  'unknown-key': 'The key is not enrolled',
  'revoked-key': 'The key was revoked',
  'wrong-role': 'The key has another role',
  'out-of-scope': 'The key may not claim this',
  'threshold-not-met': 'More approvals are needed',
  'not-the-admin': 'Only the admin key changes the roster',
  'not-the-root': 'Only the root key controls the log',
  frozen: 'The log is frozen',
  'claim-not-admitted': 'Such claims are not admitted',
  'unknown-release': 'No such release',
  'attempt-exists': 'This attempt is logged',
  'release-part-exists': 'This part is registered',
  'release-parts-disagree': 'The parts disagree',
  'already-enrolled': 'The key was enrolled before',
  'already-revoked': 'The key is revoked',
  'key-not-current': 'Another key is current',
  'successor-named': 'The log has a successor',
  'too-large': 'The entry is too large',
  'other-origin': 'The statement is for another log',
  'not-a-release': 'The entry is no release',
  'release-leaf-mismatch': 'The release entry is another one',
  'artifact-not-listed': 'The release lists no such artifact',
  'claimed-digest-mismatch': 'The claimed digest is another one',
  'recipe-mismatch': 'The recipe is another one',
  'attempt-gap': 'An earlier attempt is missing',
  'recipe-not-stored': 'The recipe is not stored',
  'wrong-recipe': 'The recipe does not fit the release',
  'ecosystem-mismatch': 'A coordinate is in another ecosystem',
  'not-enrolled': 'The key is not enrolled',
  'key-in-use': 'The key serves another purpose',
  'group-mismatch': 'The group has other terms',
  'index-in-the-future': 'The index is beyond the log',
  'too-many-attempts': 'No more attempts are admitted',
  'written-by-the-log': 'Only the log writes this',
  'key-not-held': 'The log does not hold the key',
  'successor-elsewhere': 'The successor goes on from another state',
  internal: 'Internal error',
};

export function refusalProblem({ code, status, detail, index }: Refusal): Problem {
  return { status, code, title: TITLES[code], detail, ...(index !== undefined && { extra: { index: Number(index) } }) };
}

/** Seconds after which the cosignatures may be there. */
const WITNESS_RETRY_SECONDS = 2;

export function notYetWitnessed(index: bigint, leafHash: string): Problem {
  return {
    status: 503,
    code: 'not-yet-witnessed',
    title: 'Stored, and not yet witnessed',
    detail: `Expected enough witnesses to cosign entry ${index} in time; they have not yet. The entry is stored and keeps its index. Repeat the same request, or ask GET /entries/${index}/status; neither adds an entry.`,
    headers: { 'retry-after': String(WITNESS_RETRY_SECONDS) },
    extra: { index: Number(index), leafHash },
  };
}

export function overloadedProblem({ code, retryAfter }: Extract<Outcome, { kind: 'overloaded' }>): Problem {
  if (code === 'storage-low') return STORAGE_LOW;
  if (code === 'not-confirmed') {
    return {
      status: 503,
      code,
      title: 'The log is not confirmed yet',
      detail:
        'Expected enough witnesses to confirm that this log, which has just started, has forgotten nothing; they have not answered yet. Nothing was stored; send it again later.',
      headers: { 'retry-after': String(retryAfter) },
    };
  }
  return {
    status: 503,
    code,
    title: 'Too many entries are pending',
    detail: 'Expected room for the entry; too many wait to be sequenced or witnessed. Nothing was stored; send it again later.',
    headers: { 'retry-after': String(retryAfter) },
  };
}

export const STORAGE_LOW: Problem = {
  status: 503,
  code: 'storage-low',
  title: 'Storage is nearly full',
  detail: 'Expected free storage; there is too little. Nothing was stored; the operator has to make room.',
  headers: { 'retry-after': '60', connection: 'close' },
};

export const NOTHING_PUBLISHED: Problem = {
  status: 503,
  code: 'nothing-published',
  title: 'Nothing is published yet',
  detail: 'Expected a published checkpoint; this log is new and its witnesses have not cosigned yet. Come back in a moment.',
  headers: { 'retry-after': '1' },
};

export function noSuchEntry(index: bigint, size: bigint): Problem {
  return {
    status: 404,
    code: 'unknown-entry',
    title: 'No such entry',
    detail: `Expected an index below the published size ${size}; found ${index}. Newer entries appear once they are witnessed.`,
  };
}
