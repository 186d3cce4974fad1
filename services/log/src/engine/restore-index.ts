import { decodeEntry, PREDICATE } from '@verbatim/statements';
import { bytesEqual, toHex } from '@verbatim/tlog';
import type { Database } from 'better-sqlite3';
import type { EntryStore, StoredEntry } from '../store/entries.ts';
import { leafHashOf } from '../store/ledger.ts';
import type { LogIndex } from '../store/log-index.ts';
import { LogStateError } from './state-error.ts';

/** Entries whose pairs are added in one step. */
const CHUNK = 4096n;

/**
 * Holds the stored index against the log's last entry, which states its root. A log that had no index yet gets one. Throws LogStateError
 * `bad-index`.
 *
 * @param now milliseconds
 */
export function restoreIndex(db: Database, index: LogIndex, entries: EntryStore, now: number): void {
  const size = entries.count();
  if (index.size === 0n) {
    db.transaction(() => beginIndex(index, entries, now)).immediate();
    return;
  }
  if (index.size !== size) throw bad(`a state for the log's ${size} entries`, `one for ${index.size}`);
  const stated = statedRoot(entries.get(size - 1n)!);
  if (stated !== toHex(index.root)) throw bad(`root ${stated}, which entry ${size - 1n} states`, toHex(index.root));
}

/**
 * The index of all entries so far, and an index-root entry behind them: in the caller's transaction.
 *
 * @param now milliseconds
 */
export function beginIndex(index: LogIndex, entries: EntryStore, now: number): void {
  const size = entries.count();
  addAll(index, entries, size);
  const entry = index.close([], size);
  entries.append({ index: size, leafHash: leafHashOf(entry), loggedAt: Math.floor(now / 1000), entry });
}

function addAll(index: LogIndex, entries: EntryStore, size: bigint): void {
  for (let start = 0n; start < size; start += CHUNK) {
    const end = start + CHUNK < size ? start + CHUNK : size;
    index.add(
      entries.range(start, end).map((stored) => ({ ...stored, statement: decodeEntry(stored.entry).statement })),
      end,
    );
  }
}

/** Hex root that an index-root entry states for exactly the entries before it. */
function statedRoot({ index, entry, leafHash }: StoredEntry): string {
  const { statement } = decodeEntry(entry);
  const said = statement.predicateType === PREDICATE.control && statement.predicate.action === 'index-root' ? statement.predicate : null;
  if (said === null || BigInt(said.size) !== index || !bytesEqual(leafHashOf(entry), leafHash))
    throw bad(`the index root over entries 0 to ${index - 1n} at entry ${index}`, 'another entry');
  return said.root;
}

function bad(expected: string, found: string): LogStateError {
  return new LogStateError(
    'bad-index',
    `expected the index to have ${expected}; found ${found}. The database was altered: restore the newest copy.`,
  );
}
