/** A copy of an input for one build, which may change it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Copies a folder with its links (not followed), permissions and times. cp(1) and chown(1) walk with openat, so depth does not matter.
 * @param owner who gets it; null: this process's user
 */
export async function copyTree(from: string, to: string, owner: number | null): Promise<void> {
  const options = { env: { PATH: '/usr/bin:/bin' } };
  await run('cp', ['-r', '--no-dereference', '--preserve=mode,timestamps,links', '--reflink=auto', '--', from, to], options);
  await run('chmod', ['-R', 'u+rwX', '--', to], options);
  if (owner !== null) await run('chown', ['-R', '--no-dereference', `${owner}:${owner}`, '--', to], options);
}
