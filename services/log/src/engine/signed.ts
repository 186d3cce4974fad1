import { EMPTY_ROOT, formatCheckpoint, parseNote, type Signer, signNote } from '@verbatim/tlog';
import type { SignedCheckpoint } from '../publication/collector.ts';
import type { StoredCheckpoint } from '../store/checkpoints.ts';

/** What the database holds as signed, for the stage that witnesses it. */
export function asSigned({ size, note }: StoredCheckpoint): SignedCheckpoint {
  return { size, text: parseNote(note).text, note };
}

/** What a log that has signed nothing asks its witnesses about. It says nothing that any history could contradict. */
export function nothingSigned(origin: string, signers: readonly Signer[]): SignedCheckpoint {
  const text = formatCheckpoint({ origin, size: 0n, root: EMPTY_ROOT });
  return { size: 0n, text, note: signers.length === 0 ? new Uint8Array() : signNote(text, signers) };
}
