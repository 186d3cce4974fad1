/** The folders of one fetch stage. What the build reads is readable by its user, whatever the umask. */
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { readOptional } from './digest.ts';
import { DiskMeter } from './sandbox/disk-usage.ts';

export interface Folders {
  readonly root: string;
  /** Not made yet: a source is renamed to it, or written. */
  readonly source: string;
  /** An empty home for clients; gone before the build. */
  readonly home: string;
  /** For whatever is needed on the way; gone before the build. */
  readonly scratch: string;
}

export function foldersIn(workDir: string): Folders {
  const root = join(workDir, 'inputs');
  return { root, source: join(root, 'source'), home: join(root, 'home'), scratch: join(root, 'scratch') };
}

export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await chmod(path, 0o755);
}

export const sumDatabaseIn = (modCache: string): string => join(modCache, 'cache', 'download', 'sumdb');

/**
 * What the go command keeps of the checksum database is kept for all builds: answers that it has seen need no network. It checks them against
 * a signed tree head whenever it reads them.
 * @returns the folder that is shared
 */
export async function shareSumDatabase(cacheDir: string, modCache: string): Promise<string> {
  const [kept, link] = [join(resolve(cacheDir), 'sumdb'), sumDatabaseIn(modCache)];
  for (const folder of [kept, dirname(link)]) await mkdir(folder, { recursive: true });
  // Its parents are the build's to read, whatever the umask.
  for (const folder of [join(modCache, 'cache'), dirname(link)]) await chmod(folder, 0o755);
  await symlink(kept, link);
  return kept;
}

/** Puts a file back as it was; null: it was not there. */
export async function restore(file: string, content: Buffer | null): Promise<void> {
  const now = await readOptional(file);
  if (content === null) await rm(file, { force: true });
  else if (now === null || !now.equals(content)) await writeFile(file, content);
}

/** Aborts the fetch when it has written too much. */
export class SizeGuard {
  readonly signal: AbortSignal;
  exceeded = false;
  readonly #timer: NodeJS.Timeout;

  constructor(folder: string, limit: number, outer: AbortSignal | undefined) {
    const own = new AbortController();
    this.signal = outer === undefined ? own.signal : AbortSignal.any([outer, own.signal]);
    const meter = new DiskMeter([folder], limit);
    this.#timer = setInterval(() => {
      if (this.exceeded || meter.used(performance.now()) <= limit) return;
      this.exceeded = true;
      own.abort(new Error(`inputs take more than ${limit} bytes`));
    }, 1000);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
