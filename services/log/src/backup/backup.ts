import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { durable } from '@verbatim/service-kit';
import { toHex } from '@verbatim/tlog';
import SqliteDatabase from 'better-sqlite3';
import type { LogConfig } from '../config.ts';
import { MIGRATIONS } from '../store/schema.ts';
import { StandingTable } from '../store/standing-table.ts';
import { BackupError } from './backup-error.ts';
import { checkDatabase, type CheckedDatabase } from './check-database.ts';
import { blobsOf, copyBlobs, digestOf, sync } from './files.ts';
import { BLOBS_FOLDER, DATABASE_FILE, type Manifest, writeManifest } from './manifest.ts';

/** Pages copied before this process looks at its signals again: 16 MiB. */
const PAGES_A_STEP = 4096;

export interface BackupOptions {
  /** Leaves blobs out: files that never change, which any copying program copies as well. */
  readonly withoutBlobs: boolean;
  /** Milliseconds. */
  readonly now: number;
}

/**
 * Copies a log, running or stopped, into a new folder: the database as it was at one moment, read back and checked entry by entry, and every
 * blob that it names. The folder gets its name when it is whole and durable; until then it is called `….partial`. The copy knows that it is one.
 * Tiles are not in it, for they follow from the entries; neither are keys.
 */
export async function backupLog(config: LogConfig, to: string, { withoutBlobs, now }: BackupOptions): Promise<Manifest> {
  const folder = resolve(to);
  if (existsSync(folder)) throw new BackupError('exists', `${folder}: expected no folder, found one; each backup is made anew`);
  const partial = `${folder}.${randomBytes(4).toString('hex')}.partial`;
  await durable.makeFolder(partial, { mode: 0o700 });
  try {
    const file = join(partial, DATABASE_FILE);
    await copyDatabase(join(config.data_dir, DATABASE_FILE), file);
    const { checked, blobs } = finishCopy(file, now);
    await sync(file);
    if (!withoutBlobs) await copyBlobs(blobs, join(config.data_dir, BLOBS_FOLDER), join(partial, BLOBS_FOLDER));
    const manifest: Manifest = {
      format: 1,
      origin: config.origin,
      made: new Date(now).toISOString(),
      size: Number(checked.size),
      root: toHex(checked.root),
      entries: Number(checked.entries),
      sha256: (await digestOf(file)).digest,
      blobs: withoutBlobs ? null : blobs.length,
    };
    await writeManifest(partial, manifest);
    await rename(partial, folder);
    await sync(dirname(folder));
    return manifest;
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}

/** SQLite's online backup, of one moment: a transaction is held open, so that a log under load does not make it begin again and again. */
async function copyDatabase(from: string, to: string): Promise<void> {
  const source = new SqliteDatabase(from, { readonly: true, fileMustExist: true, timeout: 5000 });
  try {
    if (source.pragma('user_version', { simple: true }) !== MIGRATIONS.length)
      throw new BackupError(
        'mismatch',
        `${from}: expected schema ${MIGRATIONS.length}; it belongs to another release: make the backup with that one`,
      );
    source.exec('BEGIN');
    source.prepare('SELECT 1 FROM identity').get();
    await source.backup(to, { progress: () => PAGES_A_STEP });
  } finally {
    source.close();
  }
}

/** Makes the copy one file that says what it is, and checks it as it stands on disk. */
function finishCopy(file: string, now: number): { readonly checked: CheckedDatabase; readonly blobs: readonly string[] } {
  const copy = new SqliteDatabase(file, { fileMustExist: true });
  try {
    copy.pragma('journal_mode = DELETE');
    new StandingTable(copy).markAsCopy(Math.floor(now / 1000));
    // What was published last is not for an old copy to say again.
    copy.exec('DELETE FROM published_checkpoint');
    return { checked: checkDatabase(copy), blobs: blobsOf(copy) };
  } finally {
    copy.close();
  }
}
