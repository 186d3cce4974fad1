/** ML-DSA-44 cosigners: C2SP tlog-cosignature, "ML-DSA-44 signed message" (key type 0x06; FIPS 204, pure, with an empty context). */
import { concatBytes, encodeUint64, utf8Encode } from './bytes.ts';
import type { Checkpoint } from './checkpoint.ts';
import { TlogError } from './errors.ts';

export const ML_DSA_PUBLIC_KEY_BYTES = 1312;
export const ML_DSA_SIGNATURE_BYTES = 2420;

/** A port. `publicKey` is 1,312 bytes; `false` for every bad signature. */
export type MlDsaVerify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/** Somebody who cosigns with ML-DSA-44. */
export interface MlDsaSigner {
  readonly algorithm: 'ml-dsa-44';
  readonly name: string;
  readonly publicKey: Uint8Array;
  /** 2,420 bytes. */
  sign(message: Uint8Array): Uint8Array;
}

/** Every string of this length is a key: FIPS 204 packs ten bits a coefficient. Throws `bad-key`. */
export function checkMlDsaPublicKey(publicKey: Uint8Array): void {
  if (publicKey.length === ML_DSA_PUBLIC_KEY_BYTES) return;
  throw new TlogError('bad-key', `expected an ML-DSA-44 public key of ${ML_DSA_PUBLIC_KEY_BYTES} bytes, found ${publicKey.length}`);
}

/**
 * `cosigned_message` for the whole tree of a checkpoint: the subtree from 0 to its size. Unlike the Ed25519 message it names the cosigner.
 * @param cosigner a key name of at most 255 bytes
 */
export function subtreeMessage(cosigner: string, timestamp: bigint, { origin, size, root }: Checkpoint): Uint8Array {
  return concatBytes(
    utf8Encode('subtree/v1\n\0'),
    opaque(cosigner),
    encodeUint64(timestamp),
    opaque(origin),
    encodeUint64(0n),
    encodeUint64(size),
    root,
  );
}

/** `opaque<1..2^8-1>` of RFC 8446 §3.4. */
function opaque(text: string): Uint8Array {
  const bytes = utf8Encode(text);
  if (bytes.length < 1 || bytes.length > 255) throw new TlogError('out-of-range', `expected 1…255 bytes, found ${bytes.length}`);
  return concatBytes(Uint8Array.of(bytes.length), bytes);
}
