/** Fetch stage of recipes of kind `cargo`: the crate or commit, every crate that its lockfile names, Rust, and the C toolchain. */
import { chmod, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDebianPin, type CargoRecipe } from '@verbatim/statements';
import { COMMITS } from '../cache/commits.ts';
import { evict } from '../cache/evict.ts';
import { keepFile, sha256Of, storedPath, takeFile } from '../cache/files.ts';
import { readOptional } from '../digest.ts';
import type { FetchContext, Inputs } from '../fetch.ts';
import { makeFolder } from '../fetch-folders.ts';
import { forbiddenAmong, forbiddenIn } from '../forbidden.ts';
import { fetchGitSource } from '../git-source.ts';
import { unavailable, type Origin, type Unavailable } from '../outcome.ts';
import { hostPlatform } from '../platform.ts';
import type { Toolchain } from '../toolchain.ts';
import { rustKey } from './toolchain.ts';
import { downloadCrate, downloadLocked, downloadedCrate, isYanked } from './download.ts';
import { parseLock, type LockedCrate } from './lock.ts';
import { cargoClient, type CargoClient } from './settings.ts';
import { takeTools } from './tools.ts';
import { unpack } from './unpack.ts';

/** Bytes of one crate, unpacked: what cargo itself takes. */
const MAX_CRATE = 512 * 1024 ** 2;

/** Folders: `source`, `vendor` (a directory source with exactly the crates of the lockfile), and the tools': `rust` (a sysroot), `cc`, or the
 * `system` that all of it runs in. */
export async function fetchCargo(context: FetchContext<CargoRecipe>): Promise<Inputs | Unavailable> {
  const { environment = process.env, folders } = context;
  const client = await cargoClient(environment, folders.home);
  if ('kind' in client) return client;
  const toolchains: Toolchain[] = [];
  try {
    const found = await new CargoFetch(context, client, toolchains).run();
    if (found.kind === 'unavailable') await release(toolchains);
    return found;
  } catch (error) {
    await release(toolchains);
    throw error;
  }
}

async function release(toolchains: readonly Toolchain[]): Promise<void> {
  for (const toolchain of toolchains) await toolchain[Symbol.asyncDispose]();
}

class CargoFetch {
  readonly #context: FetchContext<CargoRecipe>;
  readonly #client: CargoClient;
  readonly #toolchains: Toolchain[];
  readonly #notes: string[];
  readonly #timeout: number;
  #kept = false;

  constructor(context: FetchContext<CargoRecipe>, client: CargoClient, toolchains: Toolchain[]) {
    this.#context = context;
    this.#client = client;
    this.#toolchains = toolchains;
    this.#notes = [...client.notices];
    this.#timeout = context.limits.seconds * 1000;
  }

  async run(): Promise<Inputs | Unavailable> {
    const { folders, forbidden, signal, cacheDir, limits } = this.#context;
    const source = await this.#source();
    if ('kind' in source) return source;
    const crates = await this.#lockfile();
    if ('kind' in crates) return crates;
    const vendor = join(folders.root, 'vendor');
    const failed = await this.#vendor(crates, vendor);
    if (failed !== null) return failed;
    const among = await forbiddenIn(folders.source, forbidden, signal);
    if (among !== null) return among;
    const tools = await takeTools(this.#context, this.#toolchains);
    if (tools.kind === 'unavailable') return tools;
    if (this.#kept) await evict(cacheDir, limits.cacheBytes);
    return {
      kind: 'inputs',
      folders: { source: folders.source, vendor, ...tools.folders },
      toolchains: this.#toolchains,
      dependencies: crates.map(({ name, version, sha256 }) => ({ name, version, digest: `sha256:${sha256}` })),
      origin: source.origin,
      notes: this.#notes,
      kept: this.#keptPaths(crates),
    };
  }

  /** What of the cache a machine without network needs. */
  #keptPaths(crates: readonly LockedCrate[]): string[] {
    const { recipe } = this.#context;
    const { source, toolchain, c } = recipe;
    const host = hostPlatform();
    const own = source.kind === 'crate' ? storedPath(source.sha256) : `${COMMITS}/${source.commit}.git`;
    const rust = toolchain.kind === 'dist' ? [`toolchains/${rustKey({ ...toolchain, host, digest: toolchain.digests[host]! })}`] : [];
    const packages = c.kind === 'debian' ? c.roots[host]!.packages.map((line) => parseDebianPin(line).sha256) : [];
    const npm = c.kind === 'npm' ? [c.packages[host]!.sha256] : [];
    return [own, ...rust, ...[...crates.map(({ sha256 }) => sha256), ...packages, ...npm].map(storedPath)];
  }

  /** The package's files in the source folder. */
  async #source(): Promise<{ readonly origin: Origin | null } | Unavailable> {
    const { recipe, signal, gitProtocols, log, folders } = this.#context;
    const { source } = recipe;
    if (source.kind === 'crate') {
      const crate = await this.#crate(source, folders.source, () => downloadCrate(this.#run, source.name, source.version));
      return crate ?? { origin: await cratesOrigin(folders.source) };
    }
    log(`fetching ${source.url} at ${source.commit}`);
    const failed = await fetchGitSource({
      url: source.url,
      commit: source.commit,
      dir: folders.source,
      scratch: folders.scratch,
      network: this.#client.network,
      cacheDir: this.#context.cacheDir,
      offline: this.#context.offline ?? false,
      maxBytes: this.#context.limits.inputBytes,
      timeout: this.#timeout,
      signal,
      ...(gitProtocols === undefined ? {} : { protocols: gitProtocols }),
    });
    return failed ?? { origin: { revision: source.commit, ref: null, time: null } };
  }

  get #run() {
    return { client: this.#client, timeout: this.#timeout, signal: this.#context.signal };
  }

  /** The crates of the lockfile; the recipe's own lockfile is put in its place first. */
  async #lockfile(): Promise<readonly LockedCrate[] | Unavailable> {
    const { recipe, folders } = this.#context;
    const place = join(folders.source, recipe.directory);
    if ((await readOptional(join(place, 'Cargo.toml'))) === null) {
      return unavailable('not-a-package', `expected ${recipe.directory}/Cargo.toml in the source, found none`);
    }
    const file = join(place, 'Cargo.lock');
    if (recipe.lock !== null) {
      // It may be a link in a commit.
      await rm(file, { force: true });
      await writeFile(file, recipe.lock);
      await chmod(file, 0o644);
    }
    const bytes = await readOptional(file);
    if (bytes === null) {
      return unavailable('no-lockfile', `expected ${recipe.directory}/Cargo.lock in the source, or the recipe’s own as lock; found none`);
    }
    return parseLock(bytes);
  }

  /** Each crate unpacked by us from a .crate whose digest is the lockfile's: cargo only downloads those that the cache lacks. */
  async #vendor(crates: readonly LockedCrate[], vendor: string): Promise<Unavailable | null> {
    const { recipe, folders, log, signal } = this.#context;
    await makeFolder(vendor);
    let downloaded = false;
    const download = async (): Promise<Unavailable | null> => {
      if (downloaded) return null;
      downloaded = true;
      log(`fetching ${crates.length} crates`);
      return downloadLocked(this.#run, folders.source, recipe.directory);
    };
    for (const crate of crates) {
      signal?.throwIfAborted();
      const folder = join(vendor, `${crate.name}-${crate.version}`);
      const failed = await this.#crate(crate, folder, download);
      if (failed !== null) return failed;
      const checksums = join(folder, '.cargo-checksum.json');
      // What marks a folder as a crate for cargo. Without files it hashes none of them again.
      await writeFile(checksums, JSON.stringify({ files: {}, package: crate.sha256 }), { flag: 'wx' });
      await chmod(checksums, 0o644);
      if (await isYanked(this.#client, crate.name, crate.version))
        this.#notes.push(`${crate.name} ${crate.version} was yanked from its registry`);
    }
    return null;
  }

  /** One crate from the cache, or from where cargo put it after `download`; unpacked, with none of its files forbidden. */
  async #crate(crate: LockedCrate, to: string, download: () => Promise<Unavailable | null>): Promise<Unavailable | null> {
    const { cacheDir, folders, forbidden, offline = false, log, signal } = this.#context;
    const { name, version, sha256 } = crate;
    const coordinate = `${name} ${version}`;
    const file = join(folders.scratch, `${name}-${version}.crate`);
    if (!(await takeFile(cacheDir, sha256, file))) {
      if (offline) return unavailable('crate-unavailable', `${coordinate} is not in the cache: import its inputs first`);
      log(`fetching ${coordinate}`);
      const failed = await download();
      if (failed !== null) return failed;
      const downloaded = await downloadedCrate(this.#client, name, version);
      if (downloaded === null) return unavailable('crate-unavailable', `${coordinate}: cargo downloaded no such crate`);
      await rename(downloaded, file);
      const found = await sha256Of(file);
      if (found !== sha256)
        return unavailable('checksum-mismatch', `${coordinate}: expected a .crate with SHA-256 ${sha256}, found ${found}`);
      if (await keepFile(cacheDir, sha256, file)) this.#kept = true;
    }
    const among = forbiddenAmong([{ path: `the .crate of ${coordinate}`, sha256 }], forbidden);
    if (among !== null) return among;
    const folder = `${name}-${version}`;
    const files = await unpack({ archive: file, name: coordinate, folder, to, maxBytes: MAX_CRATE, signal });
    await rm(file);
    return 'kind' in files ? files : forbiddenAmong(files, forbidden, ` of ${coordinate}`);
  }
}

/** The git revision that `cargo package` wrote into the crate: a label that nobody checked. */
async function cratesOrigin(source: string): Promise<Origin | null> {
  const bytes = await readOptional(join(source, '.cargo_vcs_info.json'));
  if (bytes === null) return null;
  try {
    const revision = (JSON.parse(bytes.toString()) as { git?: { sha1?: unknown } }).git?.sha1;
    return typeof revision === 'string' && /^[0-9a-f]{40}$/.test(revision) ? { revision, ref: null, time: null } : null;
  } catch {
    return null;
  }
}
