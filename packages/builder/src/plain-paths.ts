/** Paths in a folder that a stranger filled. Outside of the sandbox nobody may follow a link there: it could lead to a key. */
import { lstat, realpath } from 'node:fs/promises';
import { join } from 'node:path';

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
