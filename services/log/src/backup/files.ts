/** What backup and restoration do with files. */
import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { durable } from '@verbatim/service-kit';
import type { Database } from 'better-sqlite3';
import { blobPath } from '../service/blob-folder.ts';
import { BackupError } from './backup-error.ts';

/** Blobs written before their folders are synced: at most 256 MiB in memory. */
const BLOBS_A_STEP = 32;

/** SHA-256 of a file, lower-case hex, and its size in bytes. */
export async function digestOf(path: string): Promise<{ readonly digest: string; readonly size: number }> {
  const digest = createHash('sha256');
  const stream = createReadStream(path);
  await pipeline(stream, digest);
  return { digest: digest.digest('hex'), size: stream.bytesRead };
}

/** fsync of a file or folder. */
export async function sync(path: string): Promise<void> {
  await using handle = await open(path, 'r');
  await handle.sync();
}

/** Digests of the blobs that a database names. */
export function blobsOf(db: Database): string[] {
  return db.prepare<[], string>('SELECT sha256 FROM blobs ORDER BY sha256').pluck().all();
}

/** Copies blobs and reads each of them back; those that are there already are only compared. Throws BackupError `damaged`. */
export async function copyBlobs(digests: readonly string[], from: string, to: string): Promise<void> {
  for (let start = 0; start < digests.length; start += BLOBS_A_STEP) {
    const step = digests.slice(start, start + BLOBS_A_STEP);
    await durable.writeImmutableAll(
      await Promise.all(step.map(async (sha256) => ({ path: blobPath(to, sha256), bytes: await blob(from, sha256) }))),
    );
    await Promise.all(step.map((sha256) => blob(to, sha256)));
  }
}

async function blob(folder: string, sha256: string): Promise<Uint8Array> {
  const path = blobPath(folder, sha256);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new BackupError(
      'damaged',
      `${path}: expected a blob that the database names, and it cannot be read; put it back (only a backup may leave blobs out)`,
      { cause },
    );
  }
  const found = hash('sha256', bytes, 'hex');
  if (found !== sha256)
    throw new BackupError('damaged', `${path}: expected the bytes that its name says; found others, with sha256 ${found}`);
  return bytes;
}
