import { removeTree } from '@verbatim/builder';
import { constants } from 'node:fs';
import { chmod, chown, mkdir, open, readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** User and group of the worker, when they are not the node's. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** One folder a job, below `<data_dir>/work`, gone when the job is over and, whatever happened, when the node starts again. */
export class WorkFolders {
  readonly #root: string;
  readonly #owner: Owner | null;

  constructor(root: string, owner: Owner | null) {
    this.#root = root;
    this.#owner = owner;
  }

  /** Creates the root and removes what an earlier process left there. */
  async prepare(): Promise<void> {
    // The worker must get through to its own folder, and see no other.
    await mkdir(this.#root, { recursive: true, mode: 0o711 });
    await chmod(this.#root, 0o711);
    for (const name of await readdir(this.#root)) await removeTree(join(this.#root, name));
  }

  /** A new, empty folder for the worker's user alone. `name` is unique: job and fence. */
  async create(name: string): Promise<string> {
    const path = join(this.#root, name);
    await mkdir(path, { mode: 0o700 });
    if (this.#owner !== null) await chown(path, this.#owner.uid, this.#owner.gid);
    return path;
  }

  async remove(path: string): Promise<void> {
    // Whatever a build left there when its worker was killed.
    await removeTree(path);
  }
}

/** Bytes that an unprivileged process can still write, the least over the folders. */
export async function freeBytes(folders: readonly string[]): Promise<number> {
  const free = await Promise.all(
    folders.map(async (folder) => {
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    }),
  );
  return Math.min(...free);
}

const CUT = new TextEncoder().encode('\n[… cut here: the log was longer than the limit …]\n');

/**
 * A log file of at most `limit` bytes: as it is, or its head and its tail, because a build says what it does at the start and why it failed
 * at the end. Never follows a link: the worker's user wrote the folder.
 */
export async function readLog(path: string, limit: number): Promise<Uint8Array> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new Error(`${path}: expected a regular file`);
    if (stat.size <= limit) return await readAt(file, 0, stat.size);
    const head = Math.floor((limit - CUT.length) / 2);
    const tail = limit - CUT.length - head;
    return Buffer.concat([await readAt(file, 0, head), CUT, await readAt(file, stat.size - tail, tail)]);
  } finally {
    await file.close();
  }
}

async function readAt(file: Awaited<ReturnType<typeof open>>, position: number, length: number): Promise<Uint8Array> {
  const buffer = Buffer.alloc(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await file.read(buffer, read, length - read, position + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return new Uint8Array(buffer.subarray(0, read));
}
