/**
 * The durable writes of service-kit's `durable`, by blocking calls: for a thread of its own. A batch writes three files with some thirty
 * calls, and each asynchronous one costs two thread switches; here they cost a fifth (see the README's figures).
 * Temporary file (O_EXCL) → write → fsync → link or rename → fsync of the folder.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fchmodSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { DurableErrorCode, FileToWrite } from '@verbatim/service-kit';

/** Becomes a DurableError on the other side. service-kit's own class would bring all of service-kit into the thread's memory. */
export class WriteError extends Error {
  readonly code: DurableErrorCode;
  readonly path: string;

  constructor(code: DurableErrorCode, path: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WriteError';
    this.code = code;
    this.path = path;
  }
}

/** Folders that exist, durably: most batches write into the same ones. */
const MAX_KNOWN_FOLDERS = 4096;
const knownFolders = new Set<string>();

/** As `durable.writeImmutableAll`: files that never change, folders created. When it throws, repeating the call completes it. */
export function writeImmutableAllSync(files: readonly FileToWrite[]): void {
  const folders = new Set(files.map(({ path }) => dirname(path)));
  for (const folder of folders) if (!knownFolders.has(folder)) makeFolder(folder);
  for (const file of files) placeImmutable(file);
  for (const folder of folders) syncFolder(folder, folder);
}

/** As `durable.writeFile`: written or replaced; the folder exists. */
export function replaceFileSync({ path, bytes }: FileToWrite, mode: number): void {
  const temporary = stage({ path, bytes }, mode);
  try {
    renameSync(temporary, path);
  } catch (cause) {
    discard(temporary);
    throw failure('unknown-outcome', path, 'could not be put in place', cause);
  }
  syncFolder(dirname(path), path);
}

function placeImmutable(file: FileToWrite): void {
  const temporary = stage(file, 0o444);
  try {
    // link(2) never replaces.
    linkSync(temporary, file.path);
  } catch (cause) {
    if (errnoOf(cause) !== 'EEXIST') throw failure('unknown-outcome', file.path, 'could not be put in place', cause);
    expectSame(file);
  } finally {
    discard(temporary);
  }
}

/** The temporary file beside the path, complete and synced. Nothing is changed at the path when it throws. */
function stage({ path, bytes }: FileToWrite, mode: number): string {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`);
  try {
    const descriptor = openNew(temporary);
    try {
      for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written);
      fchmodSync(descriptor, mode);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    return temporary;
  } catch (cause) {
    discard(temporary);
    throw failure('not-written', path, 'not written', cause);
  }
}

/** The partial-tile collector may have removed a folder that was known. */
function openNew(temporary: string): number {
  try {
    return openSync(temporary, 'wx', 0o600);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    makeFolder(dirname(temporary));
    return openSync(temporary, 'wx', 0o600);
  }
}

function expectSame({ path, bytes }: FileToWrite): void {
  const found = readFileSync(path);
  if (Buffer.compare(found, bytes) === 0) {
    // Whoever wrote it may not have synced it.
    const descriptor = openSync(path, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    return;
  }
  throw new WriteError(
    'conflict',
    path,
    `expected the same ${bytes.length} bytes or no file, found ${found.length} other bytes; nothing was changed`,
  );
}

function makeFolder(path: string): void {
  try {
    // mkdir tells the topmost folder that it created: every parent from there on got an entry.
    const first = mkdirSync(path, { recursive: true, mode: 0o755 });
    if (first !== undefined)
      for (let folder = path; folder.length >= first.length; folder = dirname(folder)) syncFolder(dirname(folder), path);
  } catch (cause) {
    if (cause instanceof WriteError) throw cause;
    throw failure('not-written', path, 'not created', cause);
  }
  if (knownFolders.size >= MAX_KNOWN_FOLDERS) knownFolders.clear();
  knownFolders.add(path);
}

function syncFolder(folder: string, of: string): void {
  try {
    const descriptor = openSync(folder, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    throw failure('unknown-outcome', of, 'written, but its folder could not be synced', cause);
  }
}

function discard(temporary: string): void {
  try {
    unlinkSync(temporary);
  } catch {
    // A leftover is harmless: nobody reads names that end with .tmp.
  }
}

function failure(code: 'not-written' | 'unknown-outcome', path: string, what: string, cause: unknown): WriteError {
  return new WriteError(code, path, `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
}

function errnoOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | null)?.code;
}
