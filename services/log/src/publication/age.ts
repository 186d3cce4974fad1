import { isGrease, type NoteSignature } from '@verbatim/tlog';
import type { Publication } from './published.ts';

/** Timestamp and Ed25519 signature of a cosignature/v1 line (C2SP tlog-cosignature). */
const COSIGNATURE_BYTES = 8 + 64;

/**
 * POSIX seconds as of which the checkpoint is known to be the newest: its oldest cosignature, or, when nobody cosigned, when this process published
 * it. The lines were verified before they were published, but for GREASE.
 */
export function checkpointTimestamp({ note, at }: Publication): number {
  const times = note.signatures.flatMap(cosignedAt);
  return times.length === 0 ? at / 1000 : Math.min(...times);
}

function cosignedAt(line: NoteSignature): number[] {
  const { signature } = line;
  if (signature.length !== COSIGNATURE_BYTES || isGrease(line)) return [];
  return [Number(new DataView(signature.buffer, signature.byteOffset).getBigUint64(0))];
}
