/** Verifier keys: C2SP signed-note, "Verifier keys" (`name+hex8(key ID)+base64(type ‖ public key)`). */
import { concatBytes, fromBase64, sha256, toBase64, utf8Encode } from './bytes.ts';
import { checkPublicKey } from './ed25519.ts';
import { TlogError, quote } from './errors.ts';
import { checkMlDsaPublicKey } from './ml-dsa.ts';
import { MAX_NAME_BYTES, isBoundedKeyName } from './text.ts';

/** Ed25519 note signature; used by logs. */
export const KEY_TYPE_ED25519 = 0x01;
/** Timestamped Ed25519 cosignature; used by witnesses. */
export const KEY_TYPE_COSIGNATURE = 0x04;
/** Timestamped ML-DSA-44 cosignature; used by witnesses. */
export const KEY_TYPE_ML_DSA = 0x06;

export interface VerifierKey {
  name: string;
  /** uint32 */
  keyId: number;
  /** 0x01, 0x04 or 0x06, whose public key was checked; any other type is kept as opaque bytes. */
  type: number;
  publicKey: Uint8Array;
  text: string;
}

/** Enough for ML-DSA-44 (1,312 bytes) with the longest name. */
const MAX_VKEY_CHARS = 4096;

/** uint32: first 4 bytes, big-endian, of SHA-256(name ‖ 0x0A ‖ type ‖ public key). */
export function computeKeyId(name: string, type: number, publicKey: Uint8Array): number {
  const digest = sha256(concatBytes(utf8Encode(`${name}\n`), Uint8Array.of(type), publicKey));
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0);
}

/** Eight hex digits of a key ID. */
export function formatKeyId(keyId: number): string {
  return keyId.toString(16).padStart(8, '0');
}

/** Throws `malformed-vkey` for a bad name, `bad-key` for a bad public key. */
export function formatVkey(name: string, type: number, publicKey: Uint8Array): string {
  return parseVkey(spell(name, type, publicKey)).text;
}

/**
 * Strict: canonical base64, lower-case hex, the key ID recomputed, keys of the types that we verify checked.
 * Throws `malformed-vkey` or `bad-key`.
 */
export function parseVkey(text: string): VerifierKey {
  if (text.length > MAX_VKEY_CHARS) throw malformed(text, `at most ${MAX_VKEY_CHARS} characters`);
  // Only the first two plus signs separate: base64 may contain more.
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/u.exec(text);
  if (match === null) throw malformed(text, 'name+hex8+base64');
  const [, name, hex, base64] = match as unknown as [string, string, string, string];
  if (!isBoundedKeyName(name)) {
    throw malformed(text, `a name of at most ${MAX_NAME_BYTES} bytes without spaces`);
  }
  const data = decodeKeyData(text, base64);
  const type = data[0]!;
  const publicKey = data.slice(1);
  const keyId = parseInt(hex, 16);
  // Types 0x02, 0x05 and 0xff may compute it otherwise. We do not verify by them, so they are refused.
  if (computeKeyId(name, type, publicKey) !== keyId) throw malformed(text, 'a key ID that fits name and key');
  if (type === KEY_TYPE_ED25519 || type === KEY_TYPE_COSIGNATURE) checkPublicKey(publicKey);
  if (type === KEY_TYPE_ML_DSA) checkMlDsaPublicKey(publicKey);
  return { name, keyId, type, publicKey, text };
}

function decodeKeyData(text: string, base64: string): Uint8Array {
  let data: Uint8Array;
  try {
    data = fromBase64(base64);
  } catch {
    throw malformed(text, 'canonical base64 after the key ID');
  }
  if (data.length < 2) throw malformed(text, 'a type byte and a public key');
  return data;
}

function spell(name: string, type: number, publicKey: Uint8Array): string {
  const id = formatKeyId(computeKeyId(name, type, publicKey));
  return `${name}+${id}+${toBase64(concatBytes(Uint8Array.of(type), publicKey))}`;
}

function malformed(text: string, expected: string): TlogError {
  return new TlogError('malformed-vkey', `expected a verifier key with ${expected}, found ${quote(text)}`);
}
