/** What this package throws. A signature that does not verify is in `verifySignatures`; everything else is malformed input. */
import { CodedError } from '@verbatim/tlog';

export type StatementErrorCode =
  /** More bytes than the limit of the thing read. */
  | 'too-large'
  /** Not UTF-8, or not JSON. */
  | 'not-json'
  /** JSON, but not spelled as RFC 8785 spells it (or base64, hex, order of signatures not canonical). */
  | 'not-canonical'
  /** A key is missing or unknown, a value has the wrong type or is beyond its limit. */
  | 'bad-schema'
  | 'unknown-predicate'
  /** Every field is well formed, and two of them contradict each other (DESIGN §3.3). */
  | 'inconsistent'
  | 'bad-purl'
  /** A recipe that its release does not name, or that does not build what the release lists. */
  | 'wrong-recipe'
  /** The release's recipe is a blob, and it was not given. */
  | 'recipe-missing'
  /** A known key's signature does not verify. */
  | 'bad-signature'
  /** A verifier key that cannot sign statements. */
  | 'bad-key';

/** Input that is refused. The message says where, what was expected and what was found. */
export class StatementError extends CodedError<StatementErrorCode> {
  override readonly name = 'StatementError';
  /** Where in the document, as in `predicate.artifacts[0].name`; '' for the whole. */
  readonly at: string;

  constructor(code: StatementErrorCode, at: string, message: string, options?: ErrorOptions) {
    super(code, at === '' ? message : `${at}: ${message}`, options);
    this.at = at;
  }
}

/** A short printable form of an untrusted value: at most 96 characters; controls and bidi characters escaped. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(typeof value === 'string' && value.length > 96 ? `${value.slice(0, 95)}…` : value);
  return text.replaceAll(/[^\u0020-\u007e…]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}
