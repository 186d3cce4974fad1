/** ML-DSA-44 by node:crypto: Node 24.7 and later, with OpenSSL 3.5. Keys are seeds of 32 bytes (FIPS 204, algorithm 1, ξ). */
import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { concatBytes, toBase64 } from './bytes.ts';
import { TlogError } from './errors.ts';
import { ML_DSA_PUBLIC_KEY_BYTES, ML_DSA_SIGNATURE_BYTES, type MlDsaSigner, type MlDsaVerify } from './ml-dsa.ts';
import { isBoundedKeyName } from './text.ts';

// RFC 9881 §4 and §6: the fixed DER in front of a raw public key and of a seed.
const SPKI_PREFIX = Uint8Array.from(Buffer.from('30820532300b06096086480165030403110382052100', 'hex'));
const PKCS8_PREFIX = Uint8Array.from(Buffer.from('3034020100300b060960864801650304031104228020', 'hex'));
const SEED_BYTES = 32;

/** A policy names a handful of such keys. */
const MAX_CACHED_KEYS = 64;
const keyObjects = new Map<string, KeyObject>();

/** `MlDsaVerify` by node:crypto. Throws `unsupported` where node has no ML-DSA: an unverified line must not look like a forged one. */
export const verifyMlDsa44: MlDsaVerify = (publicKey, message, signature) => {
  if (publicKey.length !== ML_DSA_PUBLIC_KEY_BYTES || signature.length !== ML_DSA_SIGNATURE_BYTES) return false;
  return verify(null, message, keyObject(publicKey), signature);
};

/** A signer with its key in memory. Throws `malformed-private-key` for a bad name or seed length, `unsupported` where node has no ML-DSA. */
export function mlDsaSignerFromSeed(name: string, seed: Uint8Array): MlDsaSigner {
  if (!isBoundedKeyName(name)) throw new TlogError('malformed-private-key', 'expected a key name without spaces or plus signs');
  if (seed.length !== SEED_BYTES) throw new TlogError('malformed-private-key', `expected a seed of ${SEED_BYTES} bytes`);
  const der = Buffer.from(concatBytes(PKCS8_PREFIX, seed));
  const privateKey = supported(() => createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const publicKey = new Uint8Array(spki.subarray(SPKI_PREFIX.length));
  return { algorithm: 'ml-dsa-44', name, publicKey, sign: (message) => new Uint8Array(sign(null, message, privateKey)) };
}

function keyObject(publicKey: Uint8Array): KeyObject {
  const label = toBase64(publicKey);
  const cached = keyObjects.get(label);
  if (cached !== undefined) return cached;
  const der = Buffer.from(concatBytes(SPKI_PREFIX, publicKey));
  const key = supported(() => createPublicKey({ key: der, format: 'der', type: 'spki' }));
  if (keyObjects.size >= MAX_CACHED_KEYS) keyObjects.clear();
  keyObjects.set(label, key);
  return key;
}

/** The DER is right, so a platform that cannot read it lacks the algorithm. */
function supported(load: () => KeyObject): KeyObject {
  try {
    return load();
  } catch (cause) {
    const found = `Node ${process.versions.node} with OpenSSL ${process.versions.openssl}`;
    throw new TlogError('unsupported', `expected a Node with ML-DSA-44 (24.7 or later, with OpenSSL 3.5), found ${found}`, { cause });
  }
}
