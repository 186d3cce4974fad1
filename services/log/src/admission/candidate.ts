import type { Envelope, Statement } from '@verbatim/statements';

/** An entry that parsed, before anybody asked whether the log wants it. */
export interface Candidate {
  /** The exact bytes that become the entry. */
  readonly entry: Uint8Array;
  readonly envelope: Envelope;
  readonly statement: Statement;
  /** Lower-case hex sha256 of the payload. */
  readonly payloadDigest: string;
  /**
   * The recipe is in the statement, or its blob was there to be held against it. A blob that is stored between that look and the entry's turn
   * was never looked at.
   */
  readonly recipeChecked: boolean;
}

export function keyidsOf(candidate: Candidate): string[] {
  return candidate.envelope.signatures.map((signature) => signature.keyid);
}
