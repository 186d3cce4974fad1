/** Debian packages unpacked into a folder, as files of this process's user that everybody may read. */
import { execFile } from 'node:child_process';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runTool } from '../process.ts';

const run = promisify(execFile);
const OPTIONS = { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } };

export interface UnpackRequest {
  /** A new folder. */
  readonly root: string;
  readonly mergedUsr: boolean;
  /** Paths of .deb files. */
  readonly packages: readonly string[];
  /** Milliseconds for each. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
}

/** What /usr has and the root has links to, where they are merged. */
const MERGED = ['bin', 'lib', 'lib32', 'lib64', 'libx32', 'sbin'];

/** Unpacks packages over each other, without running anything of theirs. @throws Error when one is no package */
export async function unpackPackages({ root, mergedUsr, packages, timeout, signal }: UnpackRequest): Promise<void> {
  await mkdir(root, { recursive: true });
  for (const name of mergedUsr ? MERGED : []) {
    await mkdir(join(root, 'usr', name), { recursive: true });
    await symlink(`usr/${name}`, join(root, name));
  }
  const tar = `${root}.tar`;
  // dpkg-deb(1) puts folders in place of links, tar does not when told so.
  const script =
    'dpkg-deb --fsys-tarfile "$1" >"$2" && tar --extract --file "$2" --directory "$3" --keep-directory-symlink --no-same-owner --delay-directory-restore';
  for (const deb of packages) {
    const { code, stderr } = await runTool({
      argv: ['/bin/sh', '-c', script, 'sh', deb, tar, root],
      cwd: '/',
      ...OPTIONS,
      timeout,
      signal,
    });
    if (code !== 0) throw new Error(`${deb}: expected a Debian package, found: ${stderr}`);
  }
  await rm(tar, { force: true });
}

/** What a system writes for itself, and what is no plain file, folder or link. */
const OWN = ['dev', 'proc', 'run', 'sys', 'tmp', 'var/cache/apt', 'var/lib/apt/lists', 'var/log', 'var/tmp'];

/**
 * Makes an unpacked system fit to be mounted: without devices and logs, this process's user its only owner, readable by everybody, and no
 * program with rights of its owner's.
 */
export async function tidyRoot(root: string): Promise<void> {
  for (const name of OWN) {
    await rm(join(root, name), { recursive: true, force: true });
    await mkdir(join(root, name), { recursive: true });
  }
  const owner = `${process.getuid!()}:${process.getgid!()}`;
  if (process.getuid!() === 0) await run('chown', ['-R', '--no-dereference', owner, '--', root], OPTIONS);
  await run('chmod', ['-R', 'u+rwX,go+rX,go-w,ug-s', '--', root], OPTIONS);
  await run('find', ['-P', root, '-xdev', '!', '-type', 'f', '!', '-type', 'd', '!', '-type', 'l', '-delete'], OPTIONS);
}
