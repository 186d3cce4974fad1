/**
 * Go toolchains, as modules golang.org/toolchain@v0.0.1-goX.Y.Z.os-arch through the go command, kept unpacked and shared by every node of the
 * machine. One is used only if the checksum database knows its h1, the recipe's pin (if any) is the same, and what is on disk has that h1 now.
 */
import { chmod, copyFile, mkdir, readdir, rename, utimes } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { digestTree, hash1, readOptional, type TreeFile } from '../digest.ts';
import { messageOf } from '../errors.ts';
import { downloadModules, type DownloadedModule } from '../go/download.ts';
import { downloadEnvironment, type GoClient } from '../go/settings.ts';
import { unavailable, type Unavailable } from '../outcome.ts';
import { removeTree } from '../remove-tree.ts';
import { evict } from './evict.ts';
import { waitForLock, type Held } from './lock.ts';

const MODULE = 'golang.org/toolchain';

export interface ToolchainRequest {
  /** Such as `go1.23.5`. */
  readonly version: string;
  /** Host platform, such as `linux/amd64`. */
  readonly host: string;
  /** h1 that the recipe demands. Null: the checksum database alone decides. */
  readonly pin: string | null;
  readonly cacheDir: string;
  /** Bytes that the whole cache may hold. */
  readonly cacheBytes: number;
  readonly client: GoClient;
  /** A folder of the caller's for the go command's leftovers. */
  readonly home: string;
  /** Milliseconds for the download. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
  readonly log: (line: string) => void;
}

/** A toolchain in use. Nobody removes it from the cache until it is released. */
export interface Toolchain extends AsyncDisposable {
  readonly kind: 'toolchain';
  /** As observations name it, such as `go`. */
  readonly name: string;
  readonly version: string;
  readonly host: string;
  /** GOROOT. Read-only for everybody. */
  readonly dir: string;
  /** `h1:…` or `sha256:…` over all of its files. */
  readonly digest: string;
  /** Every file with its digest. */
  readonly files: readonly TreeFile[];
}

/** Takes a toolchain from the cache, or downloads it into the cache first. */
export async function takeToolchain(request: ToolchainRequest): Promise<Toolchain | Unavailable> {
  const { cacheDir, version, host, signal } = request;
  const key = `${version}.${host.replace('/', '-')}`;
  const lease = await waitForLock(leaseFile(cacheDir, key), { mode: 'shared', signal });
  try {
    await using _installing = await waitForLock(join(cacheDir, 'locks', `${key}.install`), { mode: 'exclusive', signal });
    const taken = checkPin(request, await takeLocked(request, key));
    if (taken.kind === 'unavailable') {
      await lease.release();
      return taken;
    }
    const now = new Date();
    await utimes(leaseFile(cacheDir, key), now, now);
    const { dir, h1, files } = taken.verified;
    return { kind: 'toolchain', name: 'go', version, host, dir, digest: h1, files, ...leased(lease) };
  } catch (error) {
    await lease.release();
    throw error;
  }
}

/** Held (shared) by every user of the entry; who takes it alone may remove the entry. Its time is that of the last use. */
export const leaseFile = (cacheDir: string, key: string): string => join(cacheDir, 'locks', `${key}.use`);

function leased(lease: Held): AsyncDisposable {
  return { [Symbol.asyncDispose]: () => lease.release() };
}

function checkPin({ pin, host, version }: ToolchainRequest, taken: Taken): Taken {
  if (taken.kind === 'unavailable' || pin === null || pin === taken.verified.h1) return taken;
  return unavailable(
    'checksum-mismatch',
    `toolchain ${version} for ${host}: the recipe pins ${pin}, the checksum database has ${taken.verified.h1}`,
  );
}

type Taken = { readonly kind: 'ok'; readonly verified: Verified } | Unavailable;

interface Verified {
  readonly dir: string;
  readonly h1: string;
  readonly files: readonly TreeFile[];
}

async function takeLocked(request: ToolchainRequest, key: string): Promise<Taken> {
  const { cacheDir, cacheBytes, log } = request;
  const entry = join(cacheDir, 'toolchains', key);
  if (await exists(entry)) {
    const found = await verifyEntry(request, key, entry);
    if (found.kind === 'ok' || (found.reason !== 'checksum-mismatch' && found.reason !== 'fetch-failed')) return found;
    log(`toolchain ${key} in the cache is not what it should be, and is fetched again: ${found.detail}`);
    await discard(cacheDir, entry);
  }
  log(`fetching toolchain ${key}`);
  const fresh = join(cacheDir, 'tmp', `${key}.${randomBytes(6).toString('hex')}`);
  await mkdir(fresh, { recursive: true });
  try {
    const module = await download(request, key, fresh);
    if ('kind' in module) return module;
    await makeRunnable(module.dir);
    const verified = await verifyTree(request, module);
    if (verified.kind !== 'ok') return verified;
    await mkdir(dirname(entry), { recursive: true });
    await rename(fresh, entry);
    await evict(cacheDir, cacheBytes, key);
    return { kind: 'ok', verified: { ...verified.verified, dir: join(entry, module.dir.slice(fresh.length + 1)) } };
  } finally {
    await removeTree(fresh);
  }
}

/**
 * What the go command's own records say is checked against the checksum database (it remembers the answer, so no network is needed), and then
 * what is on disk against that.
 */
async function verifyEntry(request: ToolchainRequest, key: string, entry: string): Promise<Taken> {
  const module = await download(request, key, entry);
  return 'kind' in module ? module : verifyTree(request, module);
}

async function download(request: ToolchainRequest, key: string, modCache: string): Promise<DownloadedModule | Unavailable> {
  const { client, cacheDir, home, timeout, signal } = request;
  const env = downloadEnvironment(client, { home, modCache, goPath: join(cacheDir, 'gopath') }, null);
  const modules = [`${MODULE}@v0.0.1-${key}`];
  const found = await downloadModules({ go: client.program, env, cwd: home, modules, timeout, signal });
  if ('kind' in found) return found.reason === 'module-unavailable' ? { ...found, reason: 'toolchain-unavailable' } : found;
  return found[0]!;
}

async function verifyTree({ signal }: ToolchainRequest, module: DownloadedModule): Promise<Taken> {
  const { dir, path, version, sum } = module;
  let files: readonly TreeFile[];
  try {
    files = await digestTree(dir, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    return unavailable('checksum-mismatch', `toolchain ${version} on disk: ${messageOf(error)}`);
  }
  const h1 = hashToolchain(files, `${path}@${version}`);
  if (h1 !== sum) return unavailable('checksum-mismatch', `toolchain ${version} on disk has ${h1}, the checksum database has ${sum}`);
  return { kind: 'ok', verified: { dir, h1, files } };
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
async function makeRunnable(dir: string): Promise<void> {
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

async function exists(folder: string): Promise<boolean> {
  try {
    await readdir(folder);
    return true;
  } catch {
    return false;
  }
}

/** Moved out of the way first, so that nobody finds half of it. */
async function discard(cacheDir: string, entry: string): Promise<void> {
  const away = join(cacheDir, 'tmp', `discarded.${randomBytes(6).toString('hex')}`);
  await mkdir(dirname(away), { recursive: true });
  await rename(entry, away);
  await removeTree(away);
}
