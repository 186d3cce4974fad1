/**
 * Which Ed25519 keys and signatures are valid, without any platform's crypto (a browser's path).
 *
 * The rule set is node:crypto's (OpenSSL, ref10): cofactorless, S < L, R compared as bytes; and R must not
 * be of small order, which OpenSSL refuses since 3.5 and accepted before (only the identity could pass, and
 * whoever signs so gives the key away). @noble/ed25519 `{ zip215: false }` is cofactored; with a torsion-free
 * key, the two agree exactly when R is canonical and torsion-free as well.
 */
import { Point, hashes, verify as nobleVerify } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import { toHex } from './bytes.ts';
import { TlogError } from './errors.ts';
import { isTorsionFree } from './torsion.ts';

/** A port. `publicKey` is 32 bytes that passed `checkPublicKey`; `false` for every bad signature. */
export type Ed25519Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

export const PUBLIC_KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/** Is R the identity? Of the small-order points, only it can pass a cofactorless check with a good key. */
export function hasIdentityR(signature: Uint8Array): boolean {
  if (signature[0] !== 1) return false;
  for (let i = 1; i < 32; i++) if (signature[i] !== 0) return false;
  return true;
}

/**
 * Throws `bad-key` unless the key is 32 bytes, canonical (RFC 8032 §5.1.3), on the curve, not of
 * small order and torsion-free. Check keys once, when they are loaded: a small-order key "verifies"
 * signatures that nobody made, and a key with torsion lets implementations disagree.
 */
export function checkPublicKey(publicKey: Uint8Array): void {
  if (publicKey.length !== PUBLIC_KEY_BYTES) {
    throw new TlogError('bad-key', `expected an Ed25519 public key of ${PUBLIC_KEY_BYTES} bytes, found ${publicKey.length}`);
  }
  const label = toHex(publicKey);
  if (goodKeys.has(label)) return;
  const point = decodePoint(publicKey);
  if (point === null) {
    throw new TlogError('bad-key', 'expected a canonical Ed25519 public key, found bytes that encode no point canonically');
  }
  // Without the identity, torsion-free is of order L: that excludes all the small orders as well.
  if (point.is0() || !isTorsionFree(point)) {
    throw new TlogError('bad-key', 'expected an Ed25519 public key of prime order, found one of small order or with a torsion component');
  }
  if (goodKeys.size >= MAX_GOOD_KEYS) goodKeys.clear();
  goodKeys.add(label);
}

/** Keys that passed: the same ones come again in policies, genesis and roster, and a check takes a millisecond in a new process. */
const goodKeys = new Set<string>();
const MAX_GOOD_KEYS = 1024;

/** `Ed25519Verify` by @noble/ed25519. Equal to node:crypto for every key that passes `checkPublicKey`. */
export const verifyEd25519Pure: Ed25519Verify = (publicKey, message, signature) => {
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  hashes.sha512 ??= sha512;
  if (!nobleVerify(signature, message, publicKey, { zip215: false })) return false;
  const r = decodePoint(signature.subarray(0, 32));
  return r !== null && !r.is0() && isTorsionFree(r);
};

/** The point of 32 bytes, or null when they are not its canonical encoding. */
function decodePoint(bytes: Uint8Array): Point | null {
  try {
    return Point.fromBytes(bytes, false);
  } catch {
    return null;
  }
}
