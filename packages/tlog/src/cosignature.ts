/** Timestamped cosignatures of checkpoints: C2SP tlog-cosignature, by Ed25519 (type 0x04) or ML-DSA-44 (type 0x06). */
import { concatBytes, encodeUint64, utf8Encode } from './bytes.ts';
import { parseCheckpoint, type Checkpoint } from './checkpoint.ts';
import { MAX_SIZE } from './decimal.ts';
import { SIGNATURE_BYTES } from './ed25519.ts';
import { TlogError } from './errors.ts';
import { ML_DSA_SIGNATURE_BYTES, subtreeMessage, type MlDsaSigner } from './ml-dsa.ts';
import type { NoteVerify } from './note-verify.ts';
import type { NoteSignature } from './note.ts';
import { KEY_TYPE_COSIGNATURE, KEY_TYPE_ML_DSA, computeKeyId, type VerifierKey } from './vkey.ts';
import type { Signer } from './sign-note.ts';

const TIMESTAMP_BYTES = 8;

/**
 * Cosign a checkpoint's text at `timestamp` (POSIX seconds, 1…2^63−1). The Ed25519 message does not name
 * the cosigner: use one key for one cosigner only. Whether the checkpoint may be cosigned is the
 * caller's check. Throws `malformed-checkpoint` or `out-of-range`.
 */
export function cosign(text: string, signer: Signer | MlDsaSigner, timestamp: bigint): NoteSignature {
  const checkpoint = parseCheckpoint(text);
  // 0 would mean "no statement about the largest tree seen"; witnesses must not use it.
  if (timestamp < 1n || timestamp > MAX_SIZE) {
    throw new TlogError('out-of-range', `expected a timestamp in 1…${MAX_SIZE}, found ${timestamp}`);
  }
  const mlDsa = signer.algorithm === 'ml-dsa-44';
  const message = mlDsa ? subtreeMessage(signer.name, timestamp, checkpoint) : ed25519Message(text, timestamp);
  return {
    name: signer.name,
    keyId: computeKeyId(signer.name, mlDsa ? KEY_TYPE_ML_DSA : KEY_TYPE_COSIGNATURE, signer.publicKey),
    signature: concatBytes(encodeUint64(timestamp), signer.sign(message)),
  };
}

/**
 * The cosignature's timestamp, or null when the line is not one by `key` or does not verify. Without `verify.mlDsa44` no line of an ML-DSA
 * key does: ask `canVerify` first where that must not look like a forgery.
 */
export function verifyCosignature(text: string, line: NoteSignature, key: VerifierKey, verify: NoteVerify): bigint | null {
  if (line.name !== key.name || line.keyId !== key.keyId || line.signature.length < TIMESTAMP_BYTES) return null;
  const timestamp = new DataView(line.signature.buffer, line.signature.byteOffset).getBigUint64(0);
  if (timestamp < 1n || timestamp > MAX_SIZE) return null;
  const signature = line.signature.subarray(TIMESTAMP_BYTES);
  switch (key.type) {
    case KEY_TYPE_COSIGNATURE:
      return signature.length === SIGNATURE_BYTES && verify(key.publicKey, ed25519Message(text, timestamp), signature) ? timestamp : null;
    case KEY_TYPE_ML_DSA: {
      const checkpoint = readCheckpoint(text);
      if (checkpoint === null || signature.length !== ML_DSA_SIGNATURE_BYTES) return null;
      return verify.mlDsa44?.(key.publicKey, subtreeMessage(key.name, timestamp, checkpoint), signature) === true ? timestamp : null;
    }
    default:
      return null;
  }
}

function ed25519Message(text: string, timestamp: bigint): Uint8Array {
  return utf8Encode(`cosignature/v1\ntime ${timestamp}\n${text}`);
}

/** Null for text that is no checkpoint: nothing could have been cosigned there. */
function readCheckpoint(text: string): Checkpoint | null {
  try {
    return parseCheckpoint(text);
  } catch {
    return null;
  }
}
