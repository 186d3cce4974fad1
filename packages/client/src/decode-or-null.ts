import { type DecodedEntry, decodeEntry } from '@verbatim/statements';

/** What an entry says; null when it is no statement, which no log may admit. */
export function decodeOrNull(entry: Uint8Array): DecodedEntry | null {
  try {
    return decodeEntry(entry);
  } catch {
    return null;
  }
}
