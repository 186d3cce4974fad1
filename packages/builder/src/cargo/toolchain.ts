/**
 * Rust toolchains: exactly the files of the components rustc, cargo and rust-std, from a host that has them installed or from a distribution
 * server, which are the same files. The recipe pins the digest over all of them, so nobody's word is needed for what is used; kept unpacked and
 * shared by every node of the machine.
 */
import { createHash } from 'node:crypto';
import { entryFolder, takeEntry } from '../cache/entry.ts';
import { digestTree, type TreeFile } from '../digest.ts';
import { messageOf } from '../errors.ts';
import { unavailable, type Unavailable } from '../outcome.ts';
import type { Toolchain } from '../toolchain.ts';
import { installFromServer } from './dist.ts';
import { installFromHost } from './host-toolchain.ts';

export interface RustRequest {
  /** Such as `1.95.0`. */
  readonly version: string;
  /** `commit-hash` of `rustc -vV`. */
  readonly commit: string;
  /** SHA-256 of the channel manifest, when the recipe pins it. */
  readonly manifest: string | null;
  /** Host platform, such as `linux/amd64`. */
  readonly host: string;
  /** Triple of the host, and of what is built. */
  readonly triples: { readonly host: string; readonly targets: readonly string[] };
  /** `sha256:…` over all files. */
  readonly digest: string;
  readonly cacheDir: string;
  readonly cacheBytes: number;
  /** The user's environment: RUSTUP_HOME, RUSTUP_DIST_SERVER, proxies. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Network is not asked. */
  readonly offline: boolean;
  /** Milliseconds for each step. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
  readonly log: (line: string) => void;
}

/** Names of the components that a build needs, in the words of the distribution's archives. */
export function componentsOf({ host, targets }: RustRequest['triples']): string[] {
  const standard = [...new Set([host, ...targets])].map((triple) => `rust-std-${triple}`);
  return [`rustc-${host}`, `cargo-${host}`, ...standard];
}

/** `sha256:` of lines `<hex>  <path>` in byte order, as `sha256sum` prints them. */
export function digestOfFiles(files: readonly TreeFile[]): string {
  const hash = createHash('sha256');
  for (const { path, sha256 } of files) hash.update(`${sha256}  ${path}\n`);
  return `sha256:${hash.digest('hex')}`;
}

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
