import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { loadSigner, openDatabase, type OwnedDatabase } from '@verbatim/service-kit';
import { decodeEntry, keyidOfVkey, PREDICATE } from '@verbatim/statements';
import { bytesEqual, CompactRange, parseVkey, type VerifierKey } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import type { LogConfig } from '../config.ts';
import { CheckpointStore } from '../store/checkpoints.ts';
import { EntryStore } from '../store/entries.ts';
import { leafHashOf } from '../store/ledger.ts';
import { MIGRATIONS } from '../store/schema.ts';
import { StandingTable } from '../store/standing-table.ts';
import { BackupError } from './backup-error.ts';
import { digestOf } from './files.ts';
import { BLOBS_FOLDER } from './manifest.ts';
import { genesisOf, Replay } from './replay.ts';
import { expectNothingNewer, placeDatabase } from './restore.ts';
import { readTileCopy, type TileCopy } from './tile-copy.ts';

/** Entries between two reports of progress. */
const PROGRESS_EVERY = 4096n;

export interface FromTilesOptions {
  /** Milliseconds. */
  readonly now: number;
  readonly onProgress?: (entries: bigint, size: bigint) => void;
}

/**
 * Makes the database again from a copy of the log's tiles: every entry goes through the rules once more, in its order, and every index root must
 * come out as it was logged. What tiles do not tell is when an entry was logged, and blobs; those that are still in data_dir are taken over.
 * Like a restored backup it signs nothing before it is proved that it is not behind. Throws BackupError; then there is no database, as before.
 *
 * @param from a folder, or the address of the log or of a mirror's copy: `http://…`, `https://…`
 * @returns the size
 */
export async function restoreFromTiles(config: LogConfig, from: string, options: FromTilesOptions): Promise<bigint> {
  const vkeys = [config.key_file, config.next_key_file].flatMap((file) => (file === undefined ? [] : [vkeyOf(loadSigner(file))]));
  const keys = vkeys.map((vkey) => parseVkey(vkey));
  const copy = /^https?:/.test(from) ? await openServed(from, keys) : await readTileCopy(from, keys);
  try {
    const { size, origin } = copy.checkpoint;
    if (size < 2n || origin !== config.origin)
      throw new BackupError('mismatch', `${from}: expected tiles of ${config.origin}; they are of ${origin}, size ${size}`);
    await placeDatabase(config, async (partial) => {
      using db = openDatabase(partial, { migrations: MIGRATIONS, create: 'only' });
      // The file is synced when it is whole.
      db.pragma('synchronous = OFF');
      await rebuild(db, config, copy, vkeys, options);
      await expectNothingNewer(config, db, size);
      await takeOverBlobs(db, join(config.data_dir, BLOBS_FOLDER));
    });
    return size;
  } finally {
    await copy.close();
  }
}

/** Loaded for this only: a log that serves reads no other log. */
async function openServed(url: string, keys: readonly VerifierKey[]): Promise<TileCopy> {
  return (await import('./served-tiles.ts')).openServedTiles(url, keys);
}

async function rebuild(
  db: OwnedDatabase,
  { origin }: LogConfig,
  copy: TileCopy,
  vkeys: readonly string[],
  { now, onProgress }: FromTilesOptions,
): Promise<void> {
  const seconds = Math.floor(now / 1000);
  const range = new CompactRange();
  let replay: Replay | null = null;
  let batch: Uint8Array[] = [];
  for await (const entry of copy.entries()) {
    range.append(leafHashOf(entry));
    if (range.size % PROGRESS_EVERY === 0n) onProgress?.(range.size, copy.checkpoint.size);
    const { statement, envelope } = decodeEntry(entry);
    if (statement.predicateType !== PREDICATE.control || statement.predicate.action !== 'index-root') {
      batch.push(entry);
      continue;
    }
    // Before its key: that of a log from which this one went on is not asked for.
    if (replay === null) genesisOf(batch[0]!, origin);
    // The first index root is by the key that the log began with.
    const logVkey = vkeys.find((vkey) => keyidOfVkey(vkey) === envelope.signatures[0]?.keyid);
    if (replay === null && logVkey === undefined)
      throw new BackupError(
        'mismatch',
        `expected the key that ${origin} began with, ${envelope.signatures[0]?.keyid}, in key_file or next_key_file; found another`,
      );
    replay ??= new Replay(db, { origin, logVkey: logVkey!, genesis: batch.shift()!, seconds });
    replay.batch(batch, entry);
    batch = [];
  }
  const { size, root } = copy.checkpoint;
  const found = new EntryStore(db).rootAt(size);
  if (batch.length > 0 || found === null || !bytesEqual(found, root))
    throw new BackupError(
      'damaged',
      `expected the entries below size ${size} to end with an index root, and to stay as they are; they did not`,
    );
  db.exec('DELETE FROM signed_checkpoint');
  const compactRange = Buffer.concat(range.hashes);
  new CheckpointStore(db).swapSigned(null, { size, root, compactRange, note: copy.note });
  new StandingTable(db).markAsCopy(seconds);
}

/** Rows for the blobs whose files are there, and for no others. Nobody is charged for them. */
async function takeOverBlobs(db: OwnedDatabase, folder: string): Promise<void> {
  db.exec('DELETE FROM blobs');
  const insert = db.prepare("INSERT INTO blobs (sha256, size, keyid, stored_at) VALUES (?, ?, 'restored', 0)");
  const files = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  for (const { name, parentPath } of files) {
    if (!/^[0-9a-f]{64}$/.test(name)) continue;
    const { digest, size } = await digestOf(join(parentPath, name));
    if (digest === name) insert.run(name, size);
  }
}
