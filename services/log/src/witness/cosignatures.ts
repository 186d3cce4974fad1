import { type NoteSignature, type NoteVerify, parseSignatureLines, TlogError, verifyCosignature, type VerifierKey } from '@verbatim/tlog';
import type { SignedCheckpoint } from '../publication/collector.ts';

/** Who was asked, a witness or a mirror, and for what. */
export interface CosignerAsked {
  /** The key by which it counts. */
  readonly witness: VerifierKey;
  /** Its second key, whose line is taken along. */
  readonly mlDsaKey?: VerifierKey | undefined;
  readonly target: SignedCheckpoint;
  readonly verify: NoteVerify;
  readonly now: () => number;
}

export interface Cosigned {
  readonly lines: readonly NoteSignature[];
  /** POSIX seconds. */
  readonly timestamp: bigint;
}

/** DESIGN §3.13: timestamps more than 5 min ahead do not count. */
const MAX_AHEAD_SECONDS = 300;

/** Takes the cosigner's own lines out of an answer with status 200 and verifies them; lines of other keys are ignored. */
export function readCosignatures(
  { witness, mlDsaKey, target, verify, now }: CosignerAsked,
  lines: string,
): Cosigned | { readonly detail: string } {
  let signatures: NoteSignature[];
  try {
    signatures = parseSignatureLines(lines);
  } catch (error) {
    if (!(error instanceof TlogError)) throw error;
    return { detail: `status 200, but ${error.message}` };
  }
  const lineOf = (key: VerifierKey): NoteSignature | undefined =>
    signatures.find((signature) => signature.name === key.name && signature.keyId === key.keyId);
  const line = lineOf(witness);
  if (line === undefined) return { detail: `status 200 without a line of ${witness.name} and its configured key` };
  const timestamp = verifyCosignature(target.text, line, witness, verify);
  if (timestamp === null) return { detail: 'status 200 with a cosignature that does not verify' };
  if (timestamp > BigInt(Math.floor(now() / 1000) + MAX_AHEAD_SECONDS)) {
    return { detail: `cosigned at ${timestamp}, more than ${MAX_AHEAD_SECONDS} s ahead of our clock` };
  }
  const second = mlDsaKey === undefined ? undefined : lineOf(mlDsaKey);
  if (second === undefined || mlDsaKey === undefined) return { lines: [line], timestamp };
  if (verifyCosignature(target.text, second, mlDsaKey, verify) === null) {
    // A reader that knows the key would refuse the whole checkpoint (C2SP signed-note).
    return { detail: 'status 200 with an ML-DSA cosignature that does not verify' };
  }
  return { lines: [line, second], timestamp };
}
