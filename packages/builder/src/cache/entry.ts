/**
 * One entry of the cache of unpacked toolchains, shared by every node of the machine: installed once, looked at before each use, held while it
 * is used, and the least recently used goes first.
 */
import { mkdir, readdir, rename, utimes } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { Unavailable } from '../outcome.ts';
import { removeTree } from '../remove-tree.ts';
import { evict } from './evict.ts';
import { waitForLock, type Held } from './lock.ts';

export interface EntryRequest<T> {
  readonly cacheDir: string;
  /** Bytes that the whole cache may hold. */
  readonly cacheBytes: number;
  /** Name of the entry: a file name. */
  readonly key: string;
  /** Puts what belongs into the entry into `fresh`, an empty folder; null when it is there. */
  install(fresh: string): Promise<Unavailable | null>;
  /** What is in the folder, after a check of every byte. The folder is the caller's until the entry is released. */
  verify(folder: string): Promise<T | Unavailable>;
  readonly signal?: AbortSignal | undefined;
  readonly log: (line: string) => void;
}

export interface TakenEntry<T> extends AsyncDisposable {
  readonly kind: 'entry';
  readonly verified: T;
}

/** Takes an entry, or installs it first. One that is not what it should be is thrown away and installed again. */
export async function takeEntry<T extends object>(request: EntryRequest<T>): Promise<TakenEntry<T> | Unavailable> {
  const { cacheDir, key, signal } = request;
  const lease = await waitForLock(leaseFile(cacheDir, key), { mode: 'shared', signal });
  try {
    await using _installing = await waitForLock(join(cacheDir, 'locks', `${key}.install`), { mode: 'exclusive', signal });
    const taken = await takeLocked(request);
    if (isUnavailable(taken)) {
      await lease.release();
      return taken;
    }
    const now = new Date();
    await utimes(leaseFile(cacheDir, key), now, now);
    return { kind: 'entry', verified: taken, ...leased(lease) };
  } catch (error) {
    await lease.release();
    throw error;
  }
}

/** Held (shared) by every user of the entry; who takes it alone may remove the entry. Its time is that of the last use. */
export const leaseFile = (cacheDir: string, key: string): string => join(cacheDir, 'locks', `${key}.use`);

/** Where the entry of a key lies. */
export const entryFolder = (cacheDir: string, key: string): string => join(cacheDir, 'toolchains', key);

function leased(lease: Held): AsyncDisposable {
  return { [Symbol.asyncDispose]: () => lease.release() };
}

const isUnavailable = (value: object): value is Unavailable => 'kind' in value && value.kind === 'unavailable';

async function takeLocked<T extends object>(request: EntryRequest<T>): Promise<T | Unavailable> {
  const { cacheDir, cacheBytes, key, log } = request;
  const entry = entryFolder(cacheDir, key);
  if (await exists(entry)) {
    const found = await request.verify(entry);
    if (!isUnavailable(found) || (found.reason !== 'checksum-mismatch' && found.reason !== 'fetch-failed')) return found;
    log(`toolchain ${key} in the cache is not what it should be, and is fetched again: ${found.detail}`);
    await discard(cacheDir, entry);
  }
  log(`fetching toolchain ${key}`);
  const fresh = join(cacheDir, 'tmp', `${key}.${randomBytes(6).toString('hex')}`);
  await mkdir(fresh, { recursive: true });
  try {
    const failed = await request.install(fresh);
    if (failed !== null) return failed;
    await mkdir(dirname(entry), { recursive: true });
    await rename(fresh, entry);
    const verified = await request.verify(entry);
    if (isUnavailable(verified)) await discard(cacheDir, entry);
    else await evict(cacheDir, cacheBytes, key);
    return verified;
  } finally {
    await removeTree(fresh);
  }
}

async function exists(folder: string): Promise<boolean> {
  try {
    await readdir(folder);
    return true;
  } catch {
    return false;
  }
}

/** Moved out of the way first, so that nobody finds half of it. */
async function discard(cacheDir: string, entry: string): Promise<void> {
  const away = join(cacheDir, 'tmp', `discarded.${randomBytes(6).toString('hex')}`);
  await mkdir(dirname(away), { recursive: true });
  await rename(entry, away);
  await removeTree(away);
}
