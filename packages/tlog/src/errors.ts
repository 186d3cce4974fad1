/** What this package throws. Forged proofs and signatures are `false`, never an exception. */
import { CodedError } from './coded-error.ts';

export type TlogErrorCode =
  /** Text is not canonical base64, hex, decimal or UTF-8. */
  | 'bad-encoding'
  /** A number or a list is outside of what the specifications allow. */
  | 'out-of-range'
  /** A public key is not canonical, of small order or not torsion-free; or keys are ambiguous. */
  | 'bad-key'
  /** This platform has no implementation of the algorithm. */
  | 'unsupported'
  | 'malformed-vkey'
  | 'malformed-private-key'
  | 'malformed-note'
  | 'malformed-checkpoint'
  | 'malformed-bundle'
  | 'malformed-request'
  | 'malformed-proof'
  | 'malformed-policy'
  /** A known key's signature does not verify: the whole note is refused. */
  | 'bad-signature'
  /** No known key signed the note. */
  | 'unverified-note'
  /** The checkpoint is another log's. */
  | 'wrong-origin';

export class TlogError extends CodedError<TlogErrorCode> {
  override readonly name: string = 'TlogError';
}

/** Untrusted text for messages: at most 64 characters of it, in ASCII, so that it cannot steer a terminal or look like other text. */
export function quote(text: string): string {
  const escaped = JSON.stringify(text.slice(0, 64)).replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return text.length > 64 ? `${escaped}…` : escaped;
}
