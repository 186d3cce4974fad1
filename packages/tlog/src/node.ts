/**
 * The server's and the command's half of Ed25519, by node:crypto (OpenSSL): RFC 8032 verification,
 * cofactorless; with ML-DSA-44 beside it (node-ml-dsa.ts). The files of this package that are not pure. Keys must
 * have passed `checkPublicKey` (parseVkey does that): OpenSSL itself accepts small-order keys.
 */
import { createPrivateKey, createPublicKey, randomBytes, sign, verify, type KeyObject } from 'node:crypto';
import { concatBytes, fromBase64, toBase64 } from './bytes.ts';
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES, hasIdentityR } from './ed25519.ts';
import { TlogError } from './errors.ts';
import type { MlDsaSigner } from './ml-dsa.ts';
import { mlDsaSignerFromSeed, verifyMlDsa44 } from './node-ml-dsa.ts';
import type { NoteVerify } from './note-verify.ts';
import { isBoundedKeyName } from './text.ts';
import type { Signer } from './sign-note.ts';
import { KEY_TYPE_ED25519, KEY_TYPE_ML_DSA, computeKeyId, formatKeyId, formatVkey } from './vkey.ts';

export { mlDsaSignerFromSeed } from './node-ml-dsa.ts';

// RFC 8410 §4 and §7: the fixed DER in front of a raw public key and of a seed.
const SPKI_PREFIX = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00);
const PKCS8_PREFIX = Uint8Array.of(0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20);
const SEED_BYTES = 32;

/** Key objects kept. Making one costs about as much as a verification. */
const MAX_CACHED_KEYS = 1024;
const keyObjects = new Map<string, KeyObject>();

/** Ed25519 by node:crypto; as a `NoteVerify` it brings ML-DSA-44 along. */
export const verifyEd25519: NoteVerify = Object.assign(
  (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
    isPlausible(publicKey, signature) && verify(null, message, keyObject(publicKey), signature),
  { mlDsa44: verifyMlDsa44 },
);

/** The same on the thread pool. Message and signature must not change until it resolves. */
export function verifyEd25519Async(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  if (!isPlausible(publicKey, signature)) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    verify(null, message, keyObject(publicKey), signature, (error, valid) => (error === null ? resolve(valid) : reject(error)));
  });
}

/** What OpenSSL's versions treat differently (see ed25519.ts), and what node:crypto would throw for. */
function isPlausible(publicKey: Uint8Array, signature: Uint8Array): boolean {
  return publicKey.length === PUBLIC_KEY_BYTES && signature.length === SIGNATURE_BYTES && !hasIdentityR(signature);
}

function keyObject(publicKey: Uint8Array): KeyObject {
  const label = toBase64(publicKey);
  const cached = keyObjects.get(label);
  if (cached !== undefined) return cached;
  const der = Buffer.from(concatBytes(SPKI_PREFIX, publicKey));
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  // A Map iterates in insertion order: the oldest key goes.
  if (keyObjects.size >= MAX_CACHED_KEYS) keyObjects.delete(keyObjects.keys().next().value!);
  keyObjects.set(label, key);
  return key;
}

/** 32 random bytes. */
export function generateSeed(): Uint8Array {
  return new Uint8Array(randomBytes(SEED_BYTES));
}

/** A signer with its key in memory. Throws `malformed-private-key` for a bad name or seed length. */
export function signerFromSeed(name: string, seed: Uint8Array): Signer {
  if (!isBoundedKeyName(name)) throw malformed('a key name without spaces or plus signs');
  if (seed.length !== SEED_BYTES) throw malformed(`a seed of ${SEED_BYTES} bytes`);
  const der = Buffer.from(concatBytes(PKCS8_PREFIX, seed));
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const publicKey = new Uint8Array(spki.subarray(SPKI_PREFIX.length));
  return { name, publicKey, sign: (message) => new Uint8Array(sign(null, message, privateKey)) };
}

/** The signer's verifier key: type 0x01 for logs and statements, 0x04 for witnesses; 0x06 for a signer with ML-DSA-44, always. */
export function vkeyOf(signer: Signer | MlDsaSigner, type: number = KEY_TYPE_ED25519): string {
  return formatVkey(signer.name, signer.algorithm === 'ml-dsa-44' ? KEY_TYPE_ML_DSA : type, signer.publicKey);
}

/** `PRIVATE+KEY+name+hex8+base64(0x01 ‖ seed)`, as golang.org/x/mod/sumdb/note writes it. */
export function formatPrivateKey(name: string, seed: Uint8Array): string {
  return spellPrivateKey(signerFromSeed(name, seed), KEY_TYPE_ED25519, seed);
}

/** The same of type 0x06, as github.com/transparency-dev/formats/note writes it. */
export function formatMlDsaPrivateKey(name: string, seed: Uint8Array): string {
  return spellPrivateKey(mlDsaSignerFromSeed(name, seed), KEY_TYPE_ML_DSA, seed);
}

function spellPrivateKey({ name, publicKey }: Signer | MlDsaSigner, type: number, seed: Uint8Array): string {
  const id = formatKeyId(computeKeyId(name, type, publicKey));
  return `PRIVATE+KEY+${name}+${id}+${toBase64(concatBytes(Uint8Array.of(type), seed))}`;
}

/** The signer of a private key text, with or without one final newline. Throws `malformed-private-key`; the key is never in the message. */
export function parsePrivateKey(text: string): Signer {
  const { line, name, seed } = readPrivateKey(text);
  const signer = signerFromSeed(name, seed);
  if (formatPrivateKey(name, seed) !== line) throw malformed('type 0x01 and a key ID that fits name and key');
  return signer;
}

/** As `parsePrivateKey`, for a key of type 0x06. Throws `unsupported` where node has no ML-DSA. */
export function parseMlDsaPrivateKey(text: string): MlDsaSigner {
  const { line, name, seed } = readPrivateKey(text);
  const signer = mlDsaSignerFromSeed(name, seed);
  if (formatMlDsaPrivateKey(name, seed) !== line) throw malformed('type 0x06 and a key ID that fits name and key');
  return signer;
}

function readPrivateKey(text: string): { line: string; name: string; seed: Uint8Array } {
  const line = text.endsWith('\n') ? text.slice(0, -1) : text;
  const match = /^PRIVATE\+KEY\+([^+]+)\+[0-9a-f]{8}\+([A-Za-z0-9+/]{44})$/u.exec(line);
  if (match === null) throw malformed('PRIVATE+KEY+name+hex8+base64');
  const [, name, base64] = match as unknown as [string, string, string];
  try {
    return { line, name, seed: fromBase64(base64).slice(1) };
  } catch {
    throw malformed('canonical base64');
  }
}

function malformed(expected: string): TlogError {
  return new TlogError('malformed-private-key', `malformed private key: expected ${expected}`);
}
