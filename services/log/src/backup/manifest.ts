import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { durable } from '@verbatim/service-kit';
import * as z from 'zod';
import { BackupError } from './backup-error.ts';

export const DATABASE_FILE = 'log.db';
export const BLOBS_FOLDER = 'blobs';
const MANIFEST_FILE = 'backup.json';

const manifest = z.strictObject({
  format: z.literal(1),
  origin: z.string(),
  /** RFC 3339. */
  made: z.iso.datetime(),
  /** The signed checkpoint's; `entries` may be more, which were sequenced and not signed yet. */
  size: z.int().min(0),
  root: z.string().regex(/^[0-9a-f]{64}$/),
  entries: z.int().min(0),
  /** Of log.db. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** How many are in blobs/, each named by its digest; null when they were left out. */
  blobs: z.int().min(0).nullable(),
});

/** What a backup is of. The file is written last: a folder without it is no backup. */
export type Manifest = z.output<typeof manifest>;

/** Durable when it resolves. */
export function writeManifest(folder: string, content: Manifest): Promise<void> {
  return durable.createFile(join(folder, MANIFEST_FILE), new TextEncoder().encode(`${JSON.stringify(content, null, 2)}\n`));
}

/** Throws BackupError `not-a-backup`. */
export async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, MANIFEST_FILE);
  try {
    return manifest.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new BackupError('not-a-backup', `${folder}: expected a whole backup, with its backup.json; found none that can be read`, {
      cause,
    });
  }
}
