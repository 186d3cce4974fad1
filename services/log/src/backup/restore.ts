import { existsSync } from 'node:fs';
import { copyFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { durable, openDatabase } from '@verbatim/service-kit';
import { PublicFolder } from '@verbatim/service-kit/tree';
import { bytesEqual, parseCheckpoint, parseNote } from '@verbatim/tlog';
import SqliteDatabase, { type Database } from 'better-sqlite3';
import type { LogConfig } from '../config.ts';
import { writeMissingTiles } from '../repair.ts';
import { EntryStore } from '../store/entries.ts';
import { MIGRATIONS } from '../store/schema.ts';
import { BackupError } from './backup-error.ts';
import { checkDatabase } from './check-database.ts';
import { blobsOf, copyBlobs, digestOf, sync } from './files.ts';
import { BLOBS_FOLDER, DATABASE_FILE, type Manifest, readManifest } from './manifest.ts';

/**
 * Puts a backup in the place of a lost database: blobs, tiles, and last the database itself. It stays marked as a copy, so the log signs nothing
 * before it is proved that nothing newer was signed (see engine/standing.ts). Throws BackupError; then there is no database, as before.
 */
export async function restoreLog(config: LogConfig, from: string): Promise<Manifest> {
  const manifest = await readManifest(from);
  if (manifest.origin !== config.origin)
    throw new BackupError(
      'mismatch',
      `${from}: expected a backup of ${config.origin}, as the configuration says; it is one of ${manifest.origin}`,
    );
  const file = join(from, DATABASE_FILE);
  const { digest: found } = await digestOf(file);
  if (found !== manifest.sha256)
    throw new BackupError('damaged', `${file}: expected the bytes with sha256 ${manifest.sha256}, as backup.json says; found ${found}`);
  await placeDatabase(config, async (partial) => {
    await copyFile(file, partial);
    const db = new SqliteDatabase(partial, { fileMustExist: true });
    let blobs: readonly string[];
    try {
      const { size } = checkDatabase(db);
      await expectNothingNewer(config, db, size);
      blobs = blobsOf(db);
    } finally {
      db.close();
    }
    if (manifest.blobs !== null) await copyBlobs(blobs, join(from, BLOBS_FOLDER), join(config.data_dir, BLOBS_FOLDER));
  });
  return manifest;
}

/**
 * Makes the database of a log whose own is gone: `write` makes the file, tiles follow from it, and then it gets its name. Throws BackupError
 * `exists` when there is one, or what is left of one: its journal would be applied to the new file.
 */
export async function placeDatabase(config: LogConfig, write: (partial: string) => Promise<void>): Promise<void> {
  const target = join(config.data_dir, DATABASE_FILE);
  for (const path of [target, `${target}-wal`, `${target}-shm`]) {
    if (existsSync(path))
      throw new BackupError(
        'exists',
        `${path}: expected no database; move it away first, and keep it: it may be newer than what is restored`,
      );
  }
  await durable.makeFolder(config.data_dir);
  const partial = `${target}.partial`;
  await removeDatabase(partial);
  try {
    await write(partial);
    {
      using db = openDatabase(partial, { migrations: MIGRATIONS, create: false });
      await writeMissingTiles(db, config);
    }
    await sync(partial);
    await rename(partial, target);
    await sync(config.data_dir);
  } finally {
    await removeDatabase(partial);
  }
}

/** The tiles of this very log, if they are still there, must not be of a newer state: nothing may be written over them. */
export async function expectNothingNewer({ data_dir }: LogConfig, db: Database, size: bigint): Promise<void> {
  const folder = join(data_dir, 'public');
  const note = await new PublicFolder(folder, durable).readCheckpoint();
  if (note === null) return;
  const shown = parseCheckpoint(parseNote(note).text);
  const root = new EntryStore(db).rootAt(shown.size);
  if (root !== null && bytesEqual(root, shown.root)) return;
  const what = root === null ? `only ${size}` : 'another history';
  throw new BackupError(
    'behind',
    `expected the ${shown.size} entries that ${folder}/checkpoint shows; the copy has ${what}. Restore from these tiles instead: restore --from-tiles ${folder}`,
  );
}

async function removeDatabase(path: string): Promise<void> {
  for (const suffix of ['', '-wal', '-shm', '.lock', '-journal']) await rm(`${path}${suffix}`, { force: true });
}
