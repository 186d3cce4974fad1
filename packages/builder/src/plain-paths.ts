/** Paths in a folder that a stranger filled. Outside of the sandbox nobody may follow a link there: it could lead to a key. */
import { lstat, mkdir, realpath, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf } from './errors.ts';

/**
 * Whether `path` in `root` is what it says, with no symbolic link on the way. Nobody may be writing there any more.
 * @param root a folder of our own
 * @param path relative; `.` is the folder itself
 */
export async function isPlain(root: string, path: string, kind: 'file' | 'folder'): Promise<boolean> {
  const place = join(root, path);
  try {
    const found = await lstat(place);
    return (kind === 'file' ? found.isFile() : found.isDirectory()) && (await realpath(place)) === join(await realpath(root), path);
  } catch {
    // Nothing is there.
    return false;
  }
}

/**
 * Makes a folder in `root`, and those on the way that are not there. Nobody may be writing there any more.
 * @param path relative; `.` is the folder itself
 * @throws Error when something else is there, or on the way, such as a link
 */
export async function makePlainFolder(root: string, path: string): Promise<void> {
  if (path === '.') return;
  await makePlainFolder(root, dirname(path));
  await mkdir(join(root, path)).catch((error: unknown) => {
    if (errnoOf(error) !== 'EEXIST') throw error;
  });
  if (!(await isPlain(root, path, 'folder'))) throw new Error(`expected ${path} to be a folder, found something else`);
}

/** Writes a file in `root`, in the place of what is there; a link is not followed. @throws Error as `makePlainFolder` does */
export async function writePlainFile(root: string, path: string, content: string, mode = 0o644): Promise<void> {
  await makePlainFolder(root, dirname(path));
  await rm(join(root, path), { force: true });
  await writeFile(join(root, path), content, { mode, flag: 'wx' });
}
