/** What verifies the lines of a note. */
import type { Ed25519Verify } from './ed25519.ts';
import type { MlDsaVerify } from './ml-dsa.ts';
import { KEY_TYPE_COSIGNATURE, KEY_TYPE_ED25519, KEY_TYPE_ML_DSA, type VerifierKey } from './vkey.ts';

/** Ed25519, and ML-DSA-44 where there is an implementation: without one (in a browser), lines of such keys are lines of nobody we know. */
export interface NoteVerify extends Ed25519Verify {
  readonly mlDsa44?: MlDsaVerify;
}

/** Can signatures by this key be verified at all? */
export function canVerify({ type }: VerifierKey, verify: NoteVerify): boolean {
  return type === KEY_TYPE_ED25519 || type === KEY_TYPE_COSIGNATURE || (type === KEY_TYPE_ML_DSA && verify.mlDsa44 !== undefined);
}
