/**
 * Go toolchains, as modules golang.org/toolchain@v0.0.1-goX.Y.Z.os-arch through the go command, kept unpacked and shared by every node of the
 * machine. One is used only if the checksum database knows its h1, the recipe's pin (if any) is the same, and what is on disk has that h1 now.
 */
import { join } from 'node:path';
import { TOOLCHAIN_MODULE } from '@verbatim/statements';
import { takeEntry } from '../cache/entry.ts';
import { downloadModules, type DownloadedModule } from './download.ts';
import { makeRunnable, verifyGoroot, type Goroot } from './goroot.ts';
import { takeRebuilt } from './rebuilt.ts';
import type { GoClient } from './settings.ts';
import { unavailable, type Unavailable } from '../outcome.ts';
import type { Toolchain } from '../toolchain.ts';

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

/**
 * Takes a toolchain from the cache, or downloads it into the cache first. One that nobody serves may have been rebuilt: with the recipe's pin it
 * is as good, and it is called `go-rebuilt`.
 */
export async function takeToolchain(request: ToolchainRequest): Promise<Toolchain | Unavailable> {
  const served = await takeServed(request);
  if (served.kind === 'toolchain' || !['toolchain-unavailable', 'not-in-checksum-database'].includes(served.reason)) return served;
  return (request.pin === null ? null : await takeRebuilt(request, request.pin)) ?? served;
}

async function takeServed(request: ToolchainRequest): Promise<Toolchain | Unavailable> {
  const { version, host, pin, signal } = request;
  const key = toolchainKey(request);
  const taken = await takeEntry<Goroot>({
    ...request,
    key,
    async install(fresh) {
      const module = await download(request, key, fresh, false);
      if ('kind' in module) return module;
      await makeRunnable(module.dir);
      return null;
    },
    /**
     * What the go command's own records say is checked against the checksum database (it remembers the answer, so no network is needed), and
     * then what is on disk against that.
     */
    async verify(folder) {
      const module = await download(request, key, folder, true);
      return 'kind' in module ? module : verifyGoroot(module, signal);
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

async function download(
  { client, cacheDir, home, timeout, signal }: ToolchainRequest,
  key: string,
  modCache: string,
  present: boolean,
): Promise<DownloadedModule | Unavailable> {
  const folders = { home, modCache, goPath: join(cacheDir, 'gopath') };
  const modules = [`${TOOLCHAIN_MODULE}@v0.0.1-${key}`];
  const found = await downloadModules({ client, folders, store: null, cwd: home, present, modules, timeout, signal });
  if ('kind' in found) return found.reason === 'module-unavailable' ? { ...found, reason: 'toolchain-unavailable' } : found;
  return found[0]!;
}
