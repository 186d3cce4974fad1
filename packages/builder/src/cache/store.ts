/**
 * Zips of modules downloaded before, in the layout of a module proxy's folder, so that the go command reads it as one (file://…). Nothing in
 * it is trusted: the go command checks what comes from here as it checks what comes from the network.
 */
import { copyFile, link, mkdir, rename, rm, utimes } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { randomBytes } from 'node:crypto';
import type { DownloadedModule } from '../go/download.ts';
import { errnoOf } from '../errors.ts';

export const storeFolder = (cacheDir: string): string => join(cacheDir, 'modules');

/** What to put first in GOPROXY. */
export const storeAddress = (cacheDir: string): string => pathToFileURL(storeFolder(cacheDir)).href;

/** Keeps the files of a downloaded module for others, and marks them as used now. Returns whether they are new here. */
export async function keepModule(cacheDir: string, modCache: string, module: DownloadedModule): Promise<boolean> {
  let added = false;
  const download = join(modCache, 'cache', 'download');
  const now = new Date();
  // The zip last: with it the entry is complete.
  for (const file of [module.info, module.goMod, module.zip]) {
    const kept = join(storeFolder(cacheDir), file.slice(download.length + 1));
    try {
      await utimes(kept, now, now);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      await place(file, kept);
      added = true;
    }
  }
  return added;
}

/** Where the files of a module are kept, below the cache. */
export function modulePaths({ info, goMod, zip }: DownloadedModule, modCache: string): string[] {
  const download = join(modCache, 'cache', 'download');
  return [info, goMod, zip].map((file) => `modules/${file.slice(download.length + 1)}`);
}

/** Forgets a module, whose copy here turned out to be another than it says. */
export async function forgetModule(cacheDir: string, modulePath: string): Promise<void> {
  await rm(join(storeFolder(cacheDir), escapePath(modulePath), '@v'), { recursive: true, force: true });
}

/** golang.org/x/mod/module, EscapePath: an upper-case letter is `!` and its lower case, for file systems that do not tell them apart. */
export function escapePath(path: string): string {
  return path.replaceAll(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`);
}

/** Atomically: a reader finds the whole file or none. */
async function place(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const temporary = join(dirname(to), `.${basename(to)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await link(from, temporary);
  } catch (error) {
    if (!['EXDEV', 'EPERM', 'EMLINK'].includes(errnoOf(error) ?? '')) throw error;
    await copyFile(from, temporary);
  }
  await rename(temporary, to);
}
