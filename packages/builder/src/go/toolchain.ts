/**
 * Go toolchains, as modules golang.org/toolchain@v0.0.1-goX.Y.Z.os-arch through the go command, kept unpacked and shared by every node of the
 * machine. One is used only if the checksum database knows its h1, the recipe's pin (if any) is the same, and what is on disk has that h1 now.
 */
import { chmod, copyFile, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { takeEntry } from '../cache/entry.ts';
import { digestTree, hash1, readOptional, type TreeFile } from '../digest.ts';
import { messageOf } from '../errors.ts';
import { downloadModules, type DownloadedModule } from './download.ts';
import { downloadEnvironment, type GoClient } from './settings.ts';
import { unavailable, type Unavailable } from '../outcome.ts';
import type { Toolchain } from '../toolchain.ts';

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

/** The entry's name in the cache. */
export const toolchainKey = ({ version, host }: Pick<ToolchainRequest, 'version' | 'host'>): string =>
  `${version}.${host.replace('/', '-')}`;

/** Takes a toolchain from the cache, or downloads it into the cache first. */
export async function takeToolchain(request: ToolchainRequest): Promise<Toolchain | Unavailable> {
  const { version, host, pin } = request;
  const key = toolchainKey(request);
  const taken = await takeEntry<Verified>({
    ...request,
    key,
    async install(fresh) {
      const module = await download(request, key, fresh);
      if ('kind' in module) return module;
      await makeRunnable(module.dir);
      return null;
    },
    /**
     * What the go command's own records say is checked against the checksum database (it remembers the answer, so no network is needed), and
     * then what is on disk against that.
     */
    async verify(folder) {
      const module = await download(request, key, folder);
      return 'kind' in module ? module : verifyTree(request, module);
    },
  });
  if (taken.kind === 'unavailable') return taken;
  const { dir, h1, files } = taken.verified;
  if (pin !== null && pin !== h1) {
    await taken[Symbol.asyncDispose]();
    return unavailable('checksum-mismatch', `toolchain ${version} for ${host}: the recipe pins ${pin}, the checksum database has ${h1}`);
  }
  return {
    kind: 'toolchain',
    name: 'go',
    version,
    host,
    dir,
    digest: h1,
    files,
    [Symbol.asyncDispose]: () => taken[Symbol.asyncDispose](),
  };
}

interface Verified {
  readonly dir: string;
  readonly h1: string;
  readonly files: readonly TreeFile[];
}

async function download(request: ToolchainRequest, key: string, modCache: string): Promise<DownloadedModule | Unavailable> {
  const { client, cacheDir, home, timeout, signal } = request;
  const env = downloadEnvironment(client, { home, modCache, goPath: join(cacheDir, 'gopath') }, null);
  const modules = [`${MODULE}@v0.0.1-${key}`];
  const found = await downloadModules({ go: client.program, env, cwd: home, modules, timeout, signal });
  if ('kind' in found) return found.reason === 'module-unavailable' ? { ...found, reason: 'toolchain-unavailable' } : found;
  return found[0]!;
}

async function verifyTree({ signal }: ToolchainRequest, module: DownloadedModule): Promise<Verified | Unavailable> {
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
