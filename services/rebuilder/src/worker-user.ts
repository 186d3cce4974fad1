import { chown, mkdir, readdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Owner } from './work-folders.ts';

/** A user that no distribution hands out and no service manager takes: reserved, right below `nobody`. */
const WORKER_ID = 65_532;

/**
 * Whom the worker should run as; null for the node's own user. Only root can choose. Throws when a number is configured that this process
 * cannot become.
 */
export function wantedOwner(setting: 'auto' | 'same' | number, uid: number): Owner | null {
  if (setting === 'same') return null;
  if (typeof setting === 'number') {
    if (setting === uid) return null;
    if (uid !== 0) throw new Error(`worker.uid: expected ${uid} or "same", because only root can start a worker as user ${setting}`);
    return { uid: setting, gid: setting };
  }
  return uid === 0 ? { uid: WORKER_ID, gid: WORKER_ID } : null;
}

/** Why `owner` cannot get to `folder`: the first folder on the way that does not let it through; null when all do. */
export async function obstacle(folder: string, owner: Owner): Promise<string | null> {
  for (let path = folder; path !== dirname(path); path = dirname(path)) {
    const { mode, uid, gid } = await stat(path);
    const bits = uid === owner.uid ? mode >> 6 : gid === owner.gid ? mode >> 3 : mode;
    if ((bits & 1) === 0) return path;
  }
  return null;
}

/**
 * Makes the folder where toolchains and modules are kept, for the worker's user. Whoever writes there decides what is built with, so it must
 * belong to that user alone; a folder in use by another one is refused (the message says what to do).
 */
export async function prepareCache(folder: string, owner: Owner | null): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const [self, group] = [process.getuid!(), process.getgid!()];
  const wanted = owner ?? { uid: self, gid: group };
  const { uid } = await stat(folder);
  if (uid === wanted.uid) return;
  if (self !== 0 || (await readdir(folder)).length > 0) {
    throw new Error(`${folder}: expected a cache of user ${wanted.uid}, found one of user ${uid}; choose another cache_dir, or remove it`);
  }
  await chown(folder, wanted.uid, wanted.gid);
}
