/** What a client's sandbox gets of the host's: folders that its user may write to, and small files as they are at the start. */
import { execFile } from 'node:child_process';
import { chmod, chown, copyFile, mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { removeTree } from '../remove-tree.ts';
import { BUILD_ID, type Mount } from './arguments.ts';

/** Dispose when every process of the sandbox is dead. */
interface Lent extends AsyncDisposable {
  readonly mounts: readonly Mount[];
}

export interface Lending {
  readonly mounts: readonly Mount[];
  /** Folders that come back to this process's user. */
  readonly writable: readonly string[];
  /** Folders that stay with the sandbox's user: other clients may be at it. */
  readonly shared: readonly string[];
  /** Whether the sandbox runs as another user than this process, which is root then. */
  readonly staged: boolean;
}

const MAX_COPIED = 1024 ** 2;

/**
 * A single file that somebody replaces (resolv.conf, ld.so.cache) cannot be mounted at that moment, so a copy is. Of files that only root may
 * read, such as passwords for a mirror, the copy is the sandbox's user's.
 */
export async function lend({ mounts, writable, shared, staged }: Lending): Promise<Lent> {
  const copies = await mkdtemp(join(tmpdir(), 'verbatim-lent-'));
  if (staged) {
    await give(writable, BUILD_ID, BUILD_ID);
    await giveForGood(shared);
  }
  return {
    mounts: await Promise.all(mounts.map((mount, index) => stable(mount, join(copies, String(index)), staged))),
    async [Symbol.asyncDispose]() {
      if (staged) await give(writable, process.getuid!(), process.getgid!());
      await removeTree(copies);
    },
  };
}

const run = promisify(execFile);
const OPTIONS = { env: { PATH: '/usr/bin:/bin' } };

/** Links are not followed. */
async function give(folders: readonly string[], user: number, group: number): Promise<void> {
  if (folders.length > 0) await run('chown', ['-R', '--no-dereference', `${user}:${group}`, '--', ...folders], OPTIONS);
}

/**
 * What is not that user's yet, such as files that were imported. Other clients make and remove files meanwhile, and may put a link in the place of
 * a folder: chown runs in the folder that find(1) has opened, and is given names, no paths.
 */
async function giveForGood(folders: readonly string[]): Promise<void> {
  const owner = `${BUILD_ID}:${BUILD_ID}`;
  const others = ['-xdev', '!', '-uid', String(BUILD_ID), '-execdir', 'chown', '--no-dereference', owner, '--', '{}', '+'];
  if (folders.length > 0) await run('find', ['-P', ...folders, ...others], OPTIONS).catch(() => {});
}

async function stable(mount: Mount, copy: string, staged: boolean): Promise<Mount> {
  if (mount.kind !== 'read-only') return mount;
  const found = await stat(mount.source);
  if (!found.isFile() || found.size > MAX_COPIED) return mount;
  await copyFile(mount.source, copy);
  await chmod(copy, found.mode & 0o555);
  if (staged) await chown(copy, BUILD_ID, BUILD_ID);
  return { ...mount, source: copy };
}
