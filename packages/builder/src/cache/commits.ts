/**
 * Commits fetched before, each as a bare repository with one branch. git names every object by its hash, so what comes out of one is checked as
 * what comes from a server is.
 */
import { readdir, rename, mkdir, utimes } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { errnoOf } from '../errors.ts';
import { removeTree } from '../remove-tree.ts';

/** Folder of the repositories below the cache. */
export const COMMITS = 'commits';

const folderOf = (cacheDir: string, commit: string): string => join(resolve(cacheDir), COMMITS, `${commit}.git`);

/** Address of the repository that holds the commit, marked as used now; null when there is none. */
export async function storedCommit(cacheDir: string, commit: string): Promise<string | null> {
  const folder = folderOf(cacheDir, commit);
  const now = new Date();
  try {
    await readdir(folder);
    await utimes(folder, now, now);
    return pathToFileURL(folder).href;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Moves a repository whose only branch is the commit into the cache, unless there is one. */
export async function keepCommit(cacheDir: string, commit: string, repository: string): Promise<void> {
  const folder = folderOf(cacheDir, commit);
  await mkdir(dirname(folder), { recursive: true });
  try {
    await rename(repository, folder);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'EXDEV'].includes(errnoOf(error) ?? '')) throw error;
  }
}

/** Forgets a commit whose repository turned out to be broken. */
export function forgetCommit(cacheDir: string, commit: string): Promise<void> {
  return removeTree(folderOf(cacheDir, commit));
}
