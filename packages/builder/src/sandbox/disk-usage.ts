/** How much a build wrote into its folders, without walking them more often than needed. */
import { lstatSync, readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../errors.ts';

/**
 * Bytes on disk below `folder` (allocated blocks, so a sparse file counts what it takes), with one block for every entry, so that a flood of
 * empty files counts too. What vanishes meanwhile counts nothing. Links are not followed. A folder that cannot be walked (its owner took the
 * right away, or nested it too deep) counts as infinite: no compiler makes one.
 * @param most stop counting beyond this
 */
export function diskUsage(folder: string, most = Number.POSITIVE_INFINITY): number {
  let bytes = 0;
  const queue = [folder];
  for (let path = queue.pop(); path !== undefined && bytes <= most; path = queue.pop()) {
    try {
      for (const entry of readdirSync(path, { withFileTypes: true })) {
        const file = join(path, entry.name);
        bytes += ENTRY_BYTES;
        if (entry.isDirectory()) queue.push(file);
        else bytes += lstatSync(file).blocks * 512;
      }
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return Number.POSITIVE_INFINITY;
    }
  }
  return bytes;
}

const ENTRY_BYTES = 512;
const FULL_WALK_MILLISECONDS = 10_000;

/**
 * A meter that walks the folders only when the file system's free space, or its free inodes, shrank by a tenth of what is still allowed since
 * the last walk, and every 10 s: a walk of a big build cache costs, a statfs does not.
 */
export class DiskMeter {
  readonly #folders: readonly string[];
  readonly #limit: number;
  readonly #elsewhere: () => number;
  #used = 0;
  #free: readonly Free[] = [];
  #walked = Number.NEGATIVE_INFINITY;

  /** @param elsewhere bytes that count as well, asked for at each walk */
  constructor(folders: readonly string[], limit: number, elsewhere: () => number = () => 0) {
    this.#folders = folders;
    this.#limit = limit;
    this.#elsewhere = elsewhere;
  }

  /** Bytes used at the last walk, which is now if it matters. */
  used(now: number): number {
    const free = this.#folders.map(freeIn);
    const shrunk = Math.max(...free.map((each, index) => shrinkage(this.#free[index] ?? each, each)));
    if (shrunk < (this.#limit - this.#used) / 10 && now - this.#walked < FULL_WALK_MILLISECONDS) return this.#used;
    this.#used = this.#elsewhere();
    for (const folder of this.#folders) this.#used += diskUsage(folder, this.#limit - this.#used);
    this.#free = free;
    this.#walked = now;
    return this.#used;
  }
}

/** Bytes that a program without privileges can still write, the least over the folders. */
export function leastFree(folders: readonly string[]): number {
  return Math.min(
    ...folders.map((folder) => {
      const { bavail, bsize } = statfsSync(folder);
      return bavail * bsize;
    }),
  );
}

interface Free {
  readonly bytes: number;
  readonly inodes: number;
}

function freeIn(folder: string): Free {
  const { bfree, bsize, ffree } = statfsSync(folder);
  return { bytes: bfree * bsize, inodes: ffree };
}

/** In bytes; an inode counts what `diskUsage` counts for an entry. */
function shrinkage(before: Free, now: Free): number {
  return Math.max(before.bytes - now.bytes, (before.inodes - now.inodes) * ENTRY_BYTES);
}
