/** Removes what a hostile build may have left: trees too deep for a path, folders without rights. */
import { execFile } from 'node:child_process';
import { lstatSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PATH = '/usr/bin:/bin';

/**
 * Removes a file or folder with all that is below it, without following links or leaving its file system. rm(1) walks with openat, so depth
 * does not matter (node:fs fails with ENAMETOOLONG). Fine if it does not exist.
 * @throws Error when something stays
 */
export async function removeTree(path: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  const remove = (): Promise<unknown> => run('rm', ['-rf', '--one-file-system', '--', path], { env: { PATH } });
  try {
    await remove();
  } catch (error) {
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
    // An ordinary user needs rights on the folders first; -h and -P: links are not followed.
    await run('find', ['-P', path, '-xdev', '-type', 'd', '-execdir', 'chmod', 'u+rwx', '--', '{}', ';'], { env: { PATH } }).catch(() => {
      throw error;
    });
    await remove();
  }
}
