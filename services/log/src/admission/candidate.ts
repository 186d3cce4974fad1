import type { Envelope, Statement } from '@verbatim/statements';

/** An entry that parsed, before anybody asked whether the log wants it. */
export interface Candidate {
  /** The exact bytes that become the entry. */
  readonly entry: Uint8Array;
  readonly envelope: Envelope;
  readonly statement: Statement;
  /** Lower-case hex sha256 of the payload. */
  readonly payloadDigest: string;
}

export function keyidsOf(candidate: Candidate): string[] {
  return candidate.envelope.signatures.map((signature) => signature.keyid);
}
