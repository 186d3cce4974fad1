/**
 * What the log answers when it does not admit an entry. A refusal is a value, not an exception: refusing is ordinary work.
 * Every code has one HTTP status, so that a client can branch on either (CONTRACT: services/log HTTP API).
 */
export const REFUSAL_STATUS = {
  malformed: 400,
  'bad-signature': 401,
  'unknown-key': 403,
  'revoked-key': 403,
  'wrong-role': 403,
  'out-of-scope': 403,
  'threshold-not-met': 403,
  'not-the-admin': 403,
  'not-the-root': 403,
  /** Only rotation and successor are taken any more. */
  frozen: 403,
  'claim-not-admitted': 403,
  'unknown-release': 404,
  'attempt-exists': 409,
  'release-part-exists': 409,
  'release-parts-disagree': 409,
  'already-enrolled': 409,
  'already-revoked': 409,
  'key-not-current': 409,
  'successor-named': 409,
  'too-large': 413,
  'other-origin': 422,
  'not-a-release': 422,
  'release-leaf-mismatch': 422,
  'artifact-not-listed': 422,
  'claimed-digest-mismatch': 422,
  'recipe-mismatch': 422,
  'attempt-gap': 422,
  'recipe-not-stored': 422,
  'wrong-recipe': 422,
  'ecosystem-mismatch': 422,
  'not-enrolled': 422,
  'key-in-use': 422,
  'group-mismatch': 422,
  'index-in-the-future': 422,
  'too-many-attempts': 422,
  'written-by-the-log': 422,
  'key-not-held': 422,
  'successor-elsewhere': 422,
  /** A defect of ours in a rule, contained to the one entry that provoked it. */
  internal: 500,
} as const;

export type RefusalCode = keyof typeof REFUSAL_STATUS;

export interface Refusal {
  readonly code: RefusalCode;
  readonly status: (typeof REFUSAL_STATUS)[RefusalCode];
  /** For people: what was expected, what was found, what to do. */
  readonly detail: string;
  /** The entry that is in the way of this one, for conflicts. */
  readonly index?: bigint;
}

/** @param detail three short sentences: expected, found, what to do */
export function refuse(code: RefusalCode, detail: string, index?: bigint): Refusal {
  const refusal = { code, status: REFUSAL_STATUS[code], detail };
  return index === undefined ? refusal : { ...refusal, index };
}

/** Genesis and index roots are entries of the log's own. */
export function writtenByTheLog(action: 'genesis' | 'index-root'): Refusal {
  return refuse(
    'written-by-the-log',
    `Expected freeze, successor, rotate or admission; found ${action}, which the log writes itself. Nothing is left to do.`,
  );
}
