/** Debian packages unpacked into a folder, as files of this process's user that everybody may read. */
import { execFile } from 'node:child_process';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { makePlainFolder } from '../plain-paths.ts';
import { removeTree } from '../remove-tree.ts';
import { runClient } from '../sandbox/client.ts';

const run = promisify(execFile);
const OPTIONS = { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } };

export interface UnpackRequest {
  /** A new folder. */
  readonly root: string;
  readonly mergedUsr: boolean;
  /** Paths of .deb files. */
  readonly packages: readonly string[];
  /** Milliseconds for all of them. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
}

/** What /usr has and the root has links to, where they are merged. */
const MERGED = ['bin', 'lib', 'lib32', 'lib64', 'libx32', 'sbin'];

/** dpkg-deb(1) puts folders in place of links, tar does not when told so. Says on stdout which package it is that went wrong. */
const SCRIPT = `tar=$1 root=$2
shift 2
for deb; do
  dpkg-deb --fsys-tarfile "$deb" >"$tar" &&
    tar --extract --file "$tar" --directory "$root" --keep-directory-symlink --no-same-owner --delay-directory-restore ||
    { printf %s "$deb"; exit 1; }
done`;

/**
 * Unpacks packages over each other, without running anything of theirs. A link of one may lead the files of the next out of the folder, so all of
 * it is done in the sandbox, which has nothing else to write to. Links stay in the folder: see plain-paths.ts for whoever goes there.
 * @throws Error when one is no package
 */
export async function unpackPackages({ root, mergedUsr, packages, timeout, signal }: UnpackRequest): Promise<void> {
  await mkdir(root, { recursive: true });
  for (const name of mergedUsr ? MERGED : []) {
    await mkdir(join(root, 'usr', name), { recursive: true });
    await symlink(`usr/${name}`, join(root, name));
  }
  const scratch = `${root}.unpacking`;
  await mkdir(scratch);
  const { code, stdout, stderr, ended } = await runClient({
    argv: ['/bin/sh', '-c', SCRIPT, 'sh', join(scratch, 'tar'), root, ...packages],
    cwd: '/',
    ...OPTIONS,
    shown: packages.map(dirname),
    writable: [root, scratch],
    network: false,
    timeout,
    signal,
  });
  if (ended === 'timeout') throw new Error(`unpacking Debian packages took more than ${timeout / 1000} s`);
  if (code !== 0) throw new Error(`${stdout || 'unpacking'}: expected a Debian package, found: ${stderr}`);
  await removeTree(scratch);
}

/** What a system writes for itself, and what is no plain file, folder or link. */
const OWN = ['dev', 'proc', 'run', 'sys', 'tmp', 'var/cache/apt', 'var/lib/apt/lists', 'var/log', 'var/tmp'];

/**
 * Makes an unpacked system fit to be mounted: without devices and logs, this process's user its only owner, readable by everybody, and no
 * program with rights of its owner's. Nobody may be writing there any more.
 * @throws Error when a link is in the place of a folder that is written to
 */
export async function tidyRoot(root: string): Promise<void> {
  for (const name of OWN) {
    await makePlainFolder(root, dirname(name));
    await rm(join(root, name), { recursive: true, force: true });
    await mkdir(join(root, name));
  }
  const owner = `${process.getuid!()}:${process.getgid!()}`;
  if (process.getuid!() === 0) await run('chown', ['-R', '--no-dereference', owner, '--', root], OPTIONS);
  await run('chmod', ['-R', 'u+rwX,go+rX,go-w,ug-s', '--', root], OPTIONS);
  await run('find', ['-P', root, '-xdev', '!', '-type', 'f', '!', '-type', 'd', '!', '-type', 'l', '-delete'], OPTIONS);
}
