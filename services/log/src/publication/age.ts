import { isGrease, type NoteSignature } from '@verbatim/tlog';
import type { Publication } from './published.ts';

/** Timestamp and Ed25519 signature of a cosignature/v1 line (C2SP tlog-cosignature). */
const COSIGNATURE_BYTES = 8 + 64;

/**
 * POSIX seconds as of which the checkpoint is known to be the newest: its oldest cosignature, or, when nobody cosigned, when this process published
 * it. The lines were verified before they were published, but for GREASE.
 */
export function checkpointTimestamp({ note, at }: Publication): number {
  const times = note.signatures.filter(isEd25519Cosignature).map(timeOf);
  return times.length === 0 ? at / 1000 : Math.min(...times);
}

/** Whose key cosigned when, in POSIX seconds: every line that begins with a time, of whatever algorithm. */
export function cosignatureTimes({ note }: Publication): { readonly name: string; readonly keyId: number; readonly at: number }[] {
  const timed = note.signatures.filter((line) => line.signature.length >= COSIGNATURE_BYTES && !isGrease(line));
  return timed.map((line) => ({ name: line.name, keyId: line.keyId, at: timeOf(line) }));
}

function isEd25519Cosignature(line: NoteSignature): boolean {
  return line.signature.length === COSIGNATURE_BYTES && !isGrease(line);
}

function timeOf({ signature }: NoteSignature): number {
  return Number(new DataView(signature.buffer, signature.byteOffset).getBigUint64(0));
}
