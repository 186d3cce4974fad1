/**
 * Debian systems from pinned packages, kept in the cache of toolchains and shared by every build of the machine. `unpacked` is files alone: a
 * compiler and its libraries. `configured` has run the packages' own scripts in the sandbox, as a system that builds packages must.
 */
import { createHash } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeCanonicalJson, parseDebianPin, platformOfDebian, type DebianPin, type DebianRoot } from '@verbatim/statements';
import { takeEntry } from '../cache/entry.ts';
import { digestTree, readOptional, type TreeFile } from '../digest.ts';
import { errnoOf, messageOf } from '../errors.ts';
import { unavailable, type Unavailable } from '../outcome.ts';
import type { Toolchain } from '../toolchain.ts';
import { Apt, type AptRequest } from './apt.ts';
import { configureRoot } from './configure.ts';
import { debPath, takePackages } from './packages.ts';
import { tidyRoot, unpackPackages } from './unpack.ts';

export interface RootRequest extends Omit<AptRequest, 'suites' | 'architecture' | 'foreign'> {
  readonly root: DebianRoot;
  readonly style: 'unpacked' | 'configured';
  /** Bytes that the whole cache may hold. */
  readonly cacheBytes: number;
  /** Everything comes from the cache, and nothing is asked for. */
  readonly offline?: boolean | undefined;
  readonly log: (line: string) => void;
}

/** `sha256:…` of a root's content: of its packages, in byte order. */
export function rootDigest({ architecture, mergedUsr, packages }: DebianRoot): string {
  const content = encodeCanonicalJson({ architecture, mergedUsr, packages: packages.toSorted() });
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/** Takes a system from the cache, or makes it there first. Its `dir` is for plans: `programs: {root}`. */
export async function takeRoot(request: RootRequest): Promise<Toolchain | Unavailable> {
  const { root, style } = request;
  const digest = rootDigest(root);
  const taken = await takeEntry<Verified>({
    ...request,
    key: `debian-${style}-${digest.slice('sha256:'.length, 'sha256:'.length + 32)}`,
    install: (fresh) => install(request, fresh),
    verify: (folder) => verify(request, folder),
  });
  if (taken.kind === 'unavailable') return taken;
  const { dir, files } = taken.verified;
  return {
    kind: 'toolchain',
    name: 'debian',
    version: root.suites[0]!,
    host: platformOfDebian(root.architecture)!,
    dir,
    digest,
    files,
    [Symbol.asyncDispose]: () => taken[Symbol.asyncDispose](),
  };
}

async function install(request: RootRequest, fresh: string): Promise<Unavailable | null> {
  const { root, style, cacheDir, timeout, signal, log } = request;
  const pins = root.packages.map(parseDebianPin);
  const folder = join(fresh, 'packages');
  const apt = async (): Promise<Apt | Unavailable> => {
    if (request.offline === true)
      return unavailable('package-unavailable', 'packages of the system are not in the cache: import its inputs first');
    return Apt.open({ ...request, ...root, foreign: foreignOf(root, pins) });
  };
  const failed = await takePackages({ pins, cacheDir, to: folder, apt, log });
  if (failed !== null) return failed;
  log(`unpacking ${pins.length} Debian packages`);
  const dir = join(fresh, 'root');
  try {
    const packages = pins.map((pin) => debPath(folder, pin));
    const unpacking = { root: dir, mergedUsr: root.mergedUsr, packages, timeout, signal };
    if (style === 'unpacked') await unpackPackages(unpacking);
    else await configureRoot({ ...unpacking, folder });
    await tidyRoot(dir);
  } catch (error) {
    signal?.throwIfAborted();
    return unavailable(errnoOf(error) === 'ENOSPC' ? 'host-disk-full' : 'root-failed', messageOf(error));
  }
  await rm(folder, { recursive: true });
  const files = await digestTree(dir, { links: 'skip', signal });
  await writeFile(join(fresh, 'digest'), digestOf(files));
  return null;
}

function foreignOf({ architecture }: DebianRoot, pins: readonly DebianPin[]): string[] {
  return [...new Set(pins.map((pin) => pin.architecture))].filter((each) => each !== 'all' && each !== architecture).toSorted();
}

interface Verified {
  readonly dir: string;
  readonly files: readonly TreeFile[];
}

/** Against what was written down when it was made: unpacking, and the packages' scripts, decide what it holds, not a digest of somebody's. */
async function verify({ signal }: RootRequest, folder: string): Promise<Verified | Unavailable> {
  const dir = join(folder, 'root');
  try {
    const files = await digestTree(dir, { links: 'skip', signal });
    const [expected, found] = [(await readOptional(join(folder, 'digest')))?.toString(), digestOf(files)];
    if (expected === found) return { dir, files };
    return unavailable('checksum-mismatch', `Debian root on disk has ${found}, it was made with ${expected ?? 'none'}`);
  } catch (error) {
    signal?.throwIfAborted();
    return unavailable('checksum-mismatch', `Debian root on disk: ${messageOf(error)}`);
  }
}

function digestOf(files: readonly TreeFile[]): string {
  const hash = createHash('sha256');
  for (const { path, sha256 } of files) hash.update(`${sha256}  ${path}\n`);
  return hash.digest('hex');
}
