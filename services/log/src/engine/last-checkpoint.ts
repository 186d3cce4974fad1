import { bytesEqual, openCheckpoint, parseCheckpoint, parseNote, type VerifierKey } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import type { EntryStore } from '../store/entries.ts';
import { LogStateError } from './state-error.ts';

/**
 * Holds a database against the checkpoint that its operator gives as the last one.
 *
 * @param keyAt the log's key at a size that the database covers
 * @returns that checkpoint's size
 * @throws LogStateError `rolled-back` when entries of it are missing or others, TlogError when the log has not signed it
 */
export function checkLastCheckpoint(entries: EntryStore, keyAt: (size: bigint) => VerifierKey, note: Uint8Array): bigint {
  const { size, root } = parseCheckpoint(parseNote(note).text);
  const found = entries.rootAt(size);
  if (found === null) throw behind(size, `only ${entries.count()}`);
  openCheckpoint(note, keyAt(size), verifyEd25519);
  if (!bytesEqual(found, root)) throw behind(size, 'another history');
  return size;
}

function behind(size: bigint, found: string): LogStateError {
  return new LogStateError(
    'rolled-back',
    `expected the ${size} entries of the last checkpoint in the database; found ${found}. Signing anything would fork the log: restore a newer backup, or from tiles ("restore --from-tiles").`,
  );
}
