import { bytesEqual, CompactRange, type Hash } from '@verbatim/tlog';
import type { Database } from 'better-sqlite3';
import { CheckpointStore } from '../store/checkpoints.ts';
import { EntryStore } from '../store/entries.ts';
import { leafHashOf } from '../store/ledger.ts';
import { BackupError } from './backup-error.ts';

/** Entries read in one step. */
const CHUNK = 4096n;

export interface CheckedDatabase {
  /** The signed checkpoint's, 0 before the first. */
  readonly size: bigint;
  readonly root: Hash;
  /** Entries that are there; those from `size` on are sequenced and not signed. */
  readonly entries: bigint;
}

/**
 * Reads a database whole: its pages, and every entry, which must hash to the root that was signed.
 * Throws BackupError `damaged`.
 */
export function checkDatabase(db: Database): CheckedDatabase {
  const pages = db.pragma('integrity_check', { simple: true });
  if (pages !== 'ok') throw damaged(`SQLite finds ${String(pages)}`);
  const [row] = db.pragma('foreign_key_check') as unknown[];
  if (row !== undefined) throw damaged(`a row refers to nothing: ${JSON.stringify(row)}`);
  const signed = new CheckpointStore(db).signed();
  const size = signed?.size ?? 0n;
  const store = new EntryStore(db);
  const count = store.count();
  if (count < size) throw damaged(`${count} entries, and the checkpoint is of ${size}`);
  const range = new CompactRange();
  let root = range.root();
  for (let start = 0n; start < count; start += CHUNK) {
    for (const { index, entry, leafHash } of store.range(start, start + CHUNK < count ? start + CHUNK : count)) {
      if (!bytesEqual(leafHashOf(entry), leafHash)) throw damaged(`entry ${index} does not have its leaf hash`);
      if (index === size) root = range.root();
      range.append(leafHash);
    }
  }
  if (count === size) root = range.root();
  if (signed !== null && !bytesEqual(root, signed.root))
    throw damaged(`its entries do not hash to the root that was signed at size ${size}`);
  return { size, root, entries: count };
}

function damaged(found: string): BackupError {
  return new BackupError('damaged', `expected a sound database; found that ${found}`);
}
