/**
 * Rust toolchains: exactly the files of the components rustc, cargo and rust-std, from a host that has them installed or from a distribution
 * server, which are the same files. The recipe pins the digest over all of them, so nobody's word is needed for what is used; kept unpacked and
 * shared by every node of the machine.
 */
import { entryFolder, takeEntry } from '../cache/entry.ts';
import { digestTree, type TreeFile } from '../digest.ts';
import { messageOf } from '../errors.ts';
import { unavailable, type Unavailable } from '../outcome.ts';
import type { Toolchain } from '../toolchain.ts';
import { digestOfFiles, type RustRequest } from './components.ts';
import { installFromServer } from './dist.ts';
import { installFromHost } from './host-toolchain.ts';

/** Takes a toolchain from the cache, or puts it there first. */
export async function takeRust(request: RustRequest): Promise<Toolchain | Unavailable> {
  const { version, host, digest } = request;
  const key = rustKey(request);
  const taken = await takeEntry<{ readonly files: readonly TreeFile[] }>({
    ...request,
    key,
    async install(fresh) {
      const missing = await installFromHost(request, fresh);
      return missing === null ? null : installFromServer(request, fresh, missing);
    },
    verify: (folder) => verify(request, folder),
  });
  if (taken.kind === 'unavailable') return taken;
  return {
    kind: 'toolchain',
    name: 'rust',
    version,
    host,
    dir: entryFolder(request.cacheDir, key),
    digest,
    files: taken.verified.files,
    [Symbol.asyncDispose]: () => taken[Symbol.asyncDispose](),
  };
}

/** The entry's name in the cache: one for each digest. */
export function rustKey({ version, host, digest }: Pick<RustRequest, 'version' | 'host' | 'digest'>): string {
  return `rust-${version}.${host.replace('/', '-')}.${digest.slice('sha256:'.length, 'sha256:'.length + 16)}`;
}

async function verify(
  { version, host, digest, signal }: RustRequest,
  folder: string,
): Promise<{ readonly files: TreeFile[] } | Unavailable> {
  let files: TreeFile[];
  try {
    files = await digestTree(folder, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    return unavailable('checksum-mismatch', `Rust ${version} for ${host} on disk: ${messageOf(error)}`);
  }
  const found = digestOfFiles(files);
  if (found === digest) return { files };
  return unavailable(
    'checksum-mismatch',
    `Rust ${version} for ${host}: the recipe pins ${digest}, found ${found} over ${files.length} files`,
  );
}
