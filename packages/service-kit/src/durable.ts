/**
 * The one place that writes files: a reader, or a restart after a power cut, finds the old bytes or the new ones, never a part.
 * Temporary file (O_EXCL) → write → fsync → rename or link → fsync of the folder.
 */
import { CodedError } from '@verbatim/tlog';
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export type DurableErrorCode =
  /** Nothing changed at the path: the old content, or nothing, is there. */
  | 'not-written'
  /** It may be there or not, and may vanish with a power cut: stop, and repair at the next start. */
  | 'unknown-outcome'
  /** The path holds other bytes, and must not change. */
  | 'conflict';

export class DurableError extends CodedError<DurableErrorCode> {
  override readonly name = 'DurableError';
  readonly path: string;

  constructor(code: DurableErrorCode, path: string, message: string, options?: ErrorOptions) {
    super(code, `${path}: ${message}`, options);
    this.path = path;
  }
}

export interface FileToWrite {
  path: string;
  bytes: Uint8Array;
}

/** The calls used, so that tests can let each of them fail. */
export type DurableIo = Pick<typeof fs, 'open' | 'rename' | 'link' | 'unlink' | 'readFile' | 'mkdir'>;

export interface Durable {
  /** Write or replace a file. The folder must exist. `mode` is 0644 by default. Throws `not-written` or `unknown-outcome`. */
  writeFile(path: string, bytes: Uint8Array, options?: { mode?: number }): Promise<void>;
  /** Create a file; throws `conflict` if the path exists, whatever it holds. `mode` is 0644 by default. */
  createFile(path: string, bytes: Uint8Array, options?: { mode?: number }): Promise<void>;
  /** Create a file (mode 0444) that never changes: fine if it exists with the same bytes, `conflict` with others. */
  writeImmutable(path: string, bytes: Uint8Array): Promise<void>;
  /**
   * As `writeImmutable` for many files, with one fsync for each distinct folder at the end. Folders are created. When it throws, any of the files
   * may be there, each of them whole; repeating the call completes it.
   */
  writeImmutableAll(files: readonly FileToWrite[]): Promise<void>;
  /** `mkdir -p`, durable. Throws `not-written` or `unknown-outcome`. */
  makeFolder(path: string, options?: { mode?: number }): Promise<void>;
}

/** Files in flight at a time in `writeImmutableAll`; libuv's pool has four threads. */
const PARALLEL_WRITES = 8;

export function createDurable(io: DurableIo = fs): Durable {
  /** The temporary file beside `path`, complete and synced. Throws `not-written`. */
  async function stage({ path, bytes }: FileToWrite, mode: number): Promise<string> {
    const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`);
    try {
      // The final mode from the start would need a umask of 0: private first, then fchmod.
      const file = await io.open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(bytes);
        await file.chmod(mode);
        await file.sync();
      } finally {
        await file.close();
      }
      return temporary;
    } catch (cause) {
      await discard(temporary);
      throw new DurableError('not-written', path, `not written: ${reasonOf(cause)}`, { cause });
    }
  }

  async function discard(temporary: string): Promise<void> {
    try {
      await io.unlink(temporary);
    } catch {
      // A leftover is harmless: nobody reads names that end with .tmp.
    }
  }

  async function syncPath(path: string, of: string): Promise<void> {
    try {
      const handle = await io.open(path, 'r');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    } catch (cause) {
      throw new DurableError('unknown-outcome', of, `written, but its folder could not be synced: ${reasonOf(cause)}`, { cause });
    }
  }

  /** link(2) never replaces. Resolves to false if the path exists. Throws `unknown-outcome`. */
  async function linkNew(temporary: string, path: string): Promise<boolean> {
    try {
      await io.link(temporary, path);
      return true;
    } catch (cause) {
      if (errnoOf(cause) === 'EEXIST') return false;
      throw new DurableError('unknown-outcome', path, `could not be put in place: ${reasonOf(cause)}`, { cause });
    } finally {
      await discard(temporary);
    }
  }

  /** Everything of writeImmutable but the folder's fsync. */
  async function placeImmutable(file: FileToWrite): Promise<void> {
    if (await holdsSame(file)) return syncPath(file.path, file.path);
    const temporary = await stage(file, 0o444);
    // Somebody else may have been faster.
    if (!(await linkNew(temporary, file.path)) && (await holdsSame(file))) await syncPath(file.path, file.path);
  }

  /** False if nothing is at the path. Throws `conflict` if it holds other bytes. */
  async function holdsSame({ path, bytes }: FileToWrite): Promise<boolean> {
    let found: Uint8Array;
    try {
      found = await io.readFile(path);
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') return false;
      throw new DurableError('not-written', path, `could not be compared: ${reasonOf(cause)}`, { cause });
    }
    if (Buffer.compare(found, bytes) === 0) return true;
    throw new DurableError(
      'conflict',
      path,
      `expected the same ${bytes.length} bytes or no file, found ${found.length} other bytes; nothing was changed`,
    );
  }

  async function makeFolder(path: string, { mode = 0o755 } = {}): Promise<void> {
    let first: string | undefined;
    try {
      first = await io.mkdir(path, { recursive: true, mode });
    } catch (cause) {
      throw new DurableError('not-written', path, `not created: ${reasonOf(cause)}`, { cause });
    }
    // mkdir tells the topmost folder that it created: every parent from there on got an entry.
    if (first === undefined) return;
    for (let folder = path; folder.length >= first.length; folder = dirname(folder)) await syncPath(dirname(folder), path);
  }

  return {
    async writeFile(path, bytes, { mode = 0o644 } = {}) {
      const temporary = await stage({ path, bytes }, mode);
      try {
        await io.rename(temporary, path);
      } catch (cause) {
        await discard(temporary);
        throw new DurableError('unknown-outcome', path, `could not be put in place: ${reasonOf(cause)}`, { cause });
      }
      await syncPath(dirname(path), path);
    },

    async createFile(path, bytes, { mode = 0o644 } = {}) {
      const temporary = await stage({ path, bytes }, mode);
      if (!(await linkNew(temporary, path))) throw new DurableError('conflict', path, 'expected no file, found one; nothing was changed');
      await syncPath(dirname(path), path);
    },

    async writeImmutable(path, bytes) {
      await placeImmutable({ path, bytes });
      await syncPath(dirname(path), path);
    },

    async writeImmutableAll(files) {
      const folders = new Set(files.map(({ path }) => dirname(path)));
      for (const folder of folders) await makeFolder(folder);
      await eachOf(files, PARALLEL_WRITES, placeImmutable);
      await eachOf([...folders], PARALLEL_WRITES, (folder) => syncPath(folder, folder));
    },

    makeFolder,
  };
}

/** The real one. */
export const durable: Durable = createDurable();

/** Run `task` for each item, `width` at a time. After a failure no new one starts; rejects with the first failure once all have settled. */
async function eachOf<T>(items: readonly T[], width: number, task: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  let failed = false;
  const workers = Array.from({ length: Math.min(width, items.length) }, async () => {
    for (const item of queue) {
      if (failed) return;
      try {
        await task(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  });
  const results = await Promise.allSettled(workers);
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}

function errnoOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | null)?.code;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
