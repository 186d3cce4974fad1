import { IndexMapError } from '@verbatim/index-map';
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
 * Brings the index up to the log's last entry: the database has it as of some earlier batch, and the entries since say the rest. A log that had no
 * index yet gets one, with an index-root entry behind its last entry. Throws LogStateError `bad-index`.
 *
 * @param published size that look-ups are answered at; 0 for none
 * @param now milliseconds
 */
export function restoreIndex(db: Database, index: LogIndex, entries: EntryStore, published: bigint, now: number): void {
  const size = entries.count();
  if (index.size === 0n && statedRoot(entries.get(size - 1n)!) === null) {
    db.transaction(() => beginIndex(index, entries, now)).immediate();
    return;
  }
  if (index.size > size) throw bad(`a state for the log's ${size} entries`, `one for ${index.size}`);
  try {
    // Nothing before the published size is asked for any more; everything after it may be.
    addUpTo(db, index, entries, published, { prune: true });
    addUpTo(db, index, entries, size, { prune: published === 0n });
  } catch (error) {
    if (error instanceof IndexMapError) throw bad('nodes that hash to what their parents say', error.message);
    throw error;
  }
  checkIndex(index, entries);
}

/** Throws LogStateError `bad-index` unless the entry before the index's size states its root. */
export function checkIndex(index: LogIndex, entries: EntryStore): void {
  const at = index.size - 1n;
  const stated = statedRoot(entries.get(at)!);
  if (stated === null) throw bad(`the index root over entries 0 to ${at - 1n} at entry ${at}`, 'another entry');
  if (stated !== toHex(index.root)) throw bad(`root ${stated}, which entry ${at} states`, toHex(index.root));
}

/**
 * The index of all entries so far, and an index-root entry behind them: in the caller's transaction.
 *
 * @param now milliseconds
 */
export function beginIndex(index: LogIndex, entries: EntryStore, now: number): void {
  const size = entries.count();
  while (index.size < size) addChunk(index, entries, size, { prune: true });
  const entry = index.close([], size);
  entries.append({ index: size, leafHash: leafHashOf(entry), loggedAt: Math.floor(now / 1000), entry });
}

/** Each chunk in a transaction of its own: what a kill leaves is a state that can be gone on from. */
function addUpTo(db: Database, index: LogIndex, entries: EntryStore, end: bigint, options: { readonly prune: boolean }): void {
  while (index.size < end) db.transaction(() => addChunk(index, entries, end, options)).immediate();
}

function addChunk(index: LogIndex, entries: EntryStore, limit: bigint, { prune }: { readonly prune: boolean }): void {
  const end = index.size + CHUNK < limit ? index.size + CHUNK : limit;
  const stored = entries.range(index.size, end);
  index.add(
    stored.map((each) => ({ ...each, statement: decodeEntry(each.entry).statement })),
    end,
  );
  if (prune) index.published(end);
}

/** Hex root that an index-root entry states for exactly the entries before it; null when the entry is none. */
function statedRoot({ index, entry, leafHash }: StoredEntry): string | null {
  const { statement } = decodeEntry(entry);
  const said = statement.predicateType === PREDICATE.control && statement.predicate.action === 'index-root' ? statement.predicate : null;
  return said !== null && BigInt(said.size) === index && bytesEqual(leafHashOf(entry), leafHash) ? said.root : null;
}

function bad(expected: string, found: string): LogStateError {
  return new LogStateError(
    'bad-index',
    `expected the index to have ${expected}; found ${found}. The database was altered: stop, keep a copy, and run "repair --index"; where that does not help, restore the newest copy.`,
  );
}
