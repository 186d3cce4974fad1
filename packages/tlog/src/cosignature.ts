/** Timestamped Ed25519 cosignatures: C2SP tlog-cosignature, "Ed25519 signed message" (type 0x04). */
import { concatBytes, utf8Encode } from './bytes.ts';
import { parseCheckpoint } from './checkpoint.ts';
import { MAX_SIZE } from './decimal.ts';
import { SIGNATURE_BYTES, type Ed25519Verify } from './ed25519.ts';
import { TlogError } from './errors.ts';
import type { NoteSignature } from './note.ts';
import { KEY_TYPE_COSIGNATURE, computeKeyId, type VerifierKey } from './vkey.ts';
import type { Signer } from './sign-note.ts';

const TIMESTAMP_BYTES = 8;

/**
 * Cosign a checkpoint's text at `timestamp` (POSIX seconds, 1…2^63−1). The message does not name the
 * cosigner: use one key for one cosigner only. Whether the checkpoint may be cosigned is the
 * caller's check. Throws `malformed-checkpoint` or `out-of-range`.
 */
export function cosign(text: string, signer: Signer, timestamp: bigint): NoteSignature {
  parseCheckpoint(text);
  // 0 would mean "no statement about the largest tree seen"; witnesses must not use it.
  if (timestamp < 1n || timestamp > MAX_SIZE) {
    throw new TlogError('out-of-range', `expected a timestamp in 1…${MAX_SIZE}, found ${timestamp}`);
  }
  const prefix = new Uint8Array(TIMESTAMP_BYTES);
  new DataView(prefix.buffer).setBigUint64(0, timestamp);
  return {
    name: signer.name,
    keyId: computeKeyId(signer.name, KEY_TYPE_COSIGNATURE, signer.publicKey),
    signature: concatBytes(prefix, signer.sign(cosignedMessage(text, timestamp))),
  };
}

/** The cosignature's timestamp, or null when the line is not one by `key` or does not verify. */
export function verifyCosignature(text: string, line: NoteSignature, key: VerifierKey, verify: Ed25519Verify): bigint | null {
  if (key.type !== KEY_TYPE_COSIGNATURE || line.name !== key.name || line.keyId !== key.keyId) return null;
  if (line.signature.length !== TIMESTAMP_BYTES + SIGNATURE_BYTES) return null;
  const view = new DataView(line.signature.buffer, line.signature.byteOffset);
  const timestamp = view.getBigUint64(0);
  if (timestamp < 1n || timestamp > MAX_SIZE) return null;
  const signature = line.signature.subarray(TIMESTAMP_BYTES);
  return verify(key.publicKey, cosignedMessage(text, timestamp), signature) ? timestamp : null;
}

function cosignedMessage(text: string, timestamp: bigint): Uint8Array {
  return utf8Encode(`cosignature/v1\ntime ${timestamp}\n${text}`);
}
