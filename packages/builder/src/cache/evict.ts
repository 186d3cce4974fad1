/** Keeps the cache within its size: what was not used for the longest time goes first, and never what is in use. */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { diskUsage } from '../sandbox/disk-usage.ts';
import { errnoOf } from '../errors.ts';
import { removeTree } from '../remove-tree.ts';
import { COMMITS } from './commits.ts';
import { FILES } from './files.ts';
import { lock } from './lock.ts';
import { storeFolder } from './store.ts';

interface Entry {
  readonly bytes: number;
  readonly used: number;
  /** False when somebody uses it. */
  remove(): Promise<boolean>;
}

/**
 * Removes toolchains and modules, least recently used first, until the cache holds at most `limit` bytes or nothing more may go.
 * @param keep key of a toolchain that stays, whatever its age
 * @returns bytes that remain
 */
export async function evict(cacheDir: string, limit: number, keep: string | null = null): Promise<number> {
  const entries = [
    ...(await toolchains(cacheDir, keep)),
    ...(await plainFiles(storeFolder(cacheDir), /\.zip$/)),
    ...(await plainFiles(join(cacheDir, FILES), /[0-9a-f]{64}$/)),
    ...(await commits(cacheDir)),
  ].sort((a, b) => a.used - b.used);
  let total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const entry of entries) {
    if (total <= limit) break;
    if (await entry.remove()) total -= entry.bytes;
  }
  return total;
}

async function toolchains(cacheDir: string, keep: string | null): Promise<Entry[]> {
  const folder = join(cacheDir, 'toolchains');
  const entries: Entry[] = [];
  for (const key of await namesIn(folder)) {
    const leaseFile = join(cacheDir, 'locks', `${key}.use`);
    const path = join(folder, key);
    entries.push({
      bytes: diskUsage(path),
      used: (await timeOf(leaseFile)) ?? 0,
      async remove() {
        if (key === keep) return false;
        await using alone = await lock(leaseFile, { mode: 'exclusive', try: true });
        if (alone === null) return false;
        await removeTree(path);
        return true;
      },
    });
  }
  return entries;
}

/** Repositories: git has what it reads of one in memory or open soon. */
async function commits(cacheDir: string): Promise<Entry[]> {
  const folder = join(cacheDir, COMMITS);
  const entries: Entry[] = [];
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    entries.push({
      bytes: diskUsage(path),
      used: (await timeOf(path)) ?? 0,
      async remove() {
        await removeTree(path);
        return true;
      },
    });
  }
  return entries;
}

/** Zips of modules (the small files beside them stay), crates and the like. A reader that has one open keeps it. */
async function plainFiles(folder: string, wanted: RegExp): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const name of await namesIn(folder, true)) {
    if (!wanted.test(name)) continue;
    const path = join(folder, name);
    const found = await stat(path).catch(() => null);
    if (found === null) continue;
    entries.push({
      bytes: found.blocks * 512,
      used: found.mtimeMs,
      async remove() {
        await rm(path, { force: true });
        return true;
      },
    });
  }
  return entries;
}

async function namesIn(folder: string, recursive = false): Promise<string[]> {
  try {
    return await readdir(folder, { recursive });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

async function timeOf(path: string): Promise<number | null> {
  return (await stat(path).catch(() => null))?.mtimeMs ?? null;
}
