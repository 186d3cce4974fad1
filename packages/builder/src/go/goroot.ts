/** A Go toolchain's folder: its h1, and what makes it run. */
import { chmod, copyFile, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { digestTree, hash1, readOptional, type TreeFile } from '../digest.ts';
import { messageOf } from '../errors.ts';
import { unavailable, type Unavailable } from '../outcome.ts';

/** A toolchain on disk, every byte of which was hashed. */
export interface Goroot {
  readonly dir: string;
  readonly h1: string;
  readonly files: readonly TreeFile[];
}

/** The module that it should be. */
interface Expected {
  readonly dir: string;
  readonly path: string;
  readonly version: string;
  readonly sum: string;
}

/** `checksum-mismatch` for a toolchain that has another h1 than it should. */
export async function verifyGoroot({ dir, path, version, sum }: Expected, signal: AbortSignal | undefined): Promise<Goroot | Unavailable> {
  let files: readonly TreeFile[];
  try {
    files = await digestTree(dir, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    return unavailable('checksum-mismatch', `toolchain ${version} on disk: ${messageOf(error)}`);
  }
  const h1 = hashToolchain(files, `${path}@${version}`);
  if (h1 !== sum) return unavailable('checksum-mismatch', `toolchain ${version} on disk has ${h1}, expected ${sum}`);
  return { dir, h1, files };
}

/** h1 of a toolchain as it is on disk: without each go.mod that is a copy of the _go.mod beside it (see `makeRunnable`). */
export function hashToolchain(files: readonly TreeFile[], module: string): string {
  const digests = new Map(files.map(({ path, sha256 }) => [path, sha256]));
  const own = files.filter(({ path, sha256 }) => basename(path) !== 'go.mod' || digests.get(siblingOf(path)) !== sha256);
  return hash1(own, module);
}

const siblingOf = (path: string): string => `${path.slice(0, -'go.mod'.length)}_go.mod`;

/**
 * What the go command does to a toolchain when it switches to it (cmd/go/internal/toolchain): programs become executable, and each _go.mod,
 * which is called so because a module's zip may not hold another module, is copied to go.mod.
 */
export async function makeRunnable(dir: string): Promise<void> {
  for (const folder of ['bin', join('pkg', 'tool')]) {
    for (const entry of await readdir(join(dir, folder), { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) await chmod(join(entry.parentPath, entry.name), 0o555);
    }
  }
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name !== '_go.mod') continue;
    const copy = join(entry.parentPath, 'go.mod');
    if ((await readOptional(copy)) !== null) continue;
    await copyFile(join(entry.parentPath, entry.name), copy);
    // A copy has this process's umask.
    await chmod(copy, 0o444);
  }
}
