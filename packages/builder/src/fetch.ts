/**
 * The fetch stage (DESIGN §3.9): everything that a build needs, through the ecosystem's own clients, each input pinned by hash, none of them
 * the published artifact. All network access of a rebuild, but for receiving the published file itself, happens here.
 */
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Recipe } from '@verbatim/statements';
import { forgetModule, keepModule, storeAddress } from './cache/store.ts';
import { evict } from './cache/evict.ts';
import { takeToolchain, type Toolchain } from './cache/toolchain.ts';
import { digestFile, digestTree, readOptional } from './digest.ts';
import { SizeGuard, foldersIn, makeFolder, restore, shareSumDatabase, sumDatabaseIn, type Folders } from './fetch-folders.ts';
import { fetchGitSource } from './git-source.ts';
import { downloadModules, unavailable, type DownloadedModule, type Origin, type Unavailable } from './go/download.ts';
import { downloadEnvironment, goClient, type GoClient } from './go/settings.ts';
import { hostPlatform } from './platform.ts';
import { removeTree } from './remove-tree.ts';

export interface FetchRequest {
  readonly recipe: Recipe;
  /** SHA-256 (hex) of the release's files and of the containers they are published in: none may be an input, nor a file of one. */
  readonly forbidden: Iterable<string>;
  /** Shared by all builds and nodes of the machine. Only this user may write to it. */
  readonly cacheDir: string;
  /** A folder of this build's own, which may exist. */
  readonly workDir: string;
  readonly limits?: Partial<FetchLimits>;
  /** The user's environment, for proxies and mirrors. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  readonly log?: (line: string) => void;
  /** Where git may fetch from; `https` by default. */
  readonly gitProtocols?: readonly ('https' | 'file')[];
}

export interface FetchLimits {
  /** Bytes of source and modules on disk. */
  readonly inputBytes: number;
  /** Bytes of the cache. */
  readonly cacheBytes: number;
  /** For each step. */
  readonly seconds: number;
}

const GIB = 1024 ** 3;
export const DEFAULT_FETCH_LIMITS: FetchLimits = { inputBytes: 8 * GIB, cacheBytes: 10 * GIB, seconds: 900 };

/** Inputs of a build. Dispose when it is done: the toolchain may then leave the cache, and the work folder's part is removed. */
export interface Fetched extends AsyncDisposable {
  readonly kind: 'fetched';
  readonly sourceDir: string;
  /** GOMODCACHE with exactly the modules that this source needs. */
  readonly moduleDir: string;
  readonly toolchain: Toolchain;
  /** Of the source's own dependencies, by go.sum. */
  readonly modules: readonly { readonly path: string; readonly version: string; readonly sum: string }[];
  /** The revision that the module proxy names for the source; null when it names none. With it a VCS stamp is confirmed. */
  readonly origin: Origin | null;
  /** For people: settings not followed, pins that the recipe does not have. */
  readonly notes: readonly string[];
}

export type FetchOutcome = Fetched | Unavailable;

/**
 * Fetches and checks the inputs of a recipe.
 * @returns `unavailable` with a reason when an input cannot be had, is not what it should be, or must not be one
 * @throws BuilderError `tool-missing`; the signal's reason when aborted.
 */
export async function fetchInputs(request: FetchRequest): Promise<FetchOutcome> {
  const { workDir, signal } = request;
  const limits = { ...DEFAULT_FETCH_LIMITS, ...request.limits };
  const folders = foldersIn(workDir);
  await removeTree(folders.root);
  for (const folder of [folders.root, folders.modCache, folders.home, folders.scratch]) await makeFolder(folder);
  await shareSumDatabase(request.cacheDir, folders.modCache);
  const size = new SizeGuard(folders.root, limits.inputBytes, signal);
  try {
    const client = await goClient(request.environment, size.signal);
    const outcome = await new Fetch({ ...request, signal: size.signal }, limits, client, folders).run();
    size.stop();
    if (outcome.kind === 'unavailable') await removeTree(folders.root);
    return outcome;
  } catch (error) {
    size.stop();
    await removeTree(folders.root);
    if (size.exceeded && !signal?.aborted) return unavailable('inputs-too-large', `the inputs take more than ${limits.inputBytes} bytes`);
    throw error;
  }
}

class Fetch {
  readonly #request: FetchRequest;
  readonly #limits: FetchLimits;
  readonly #client: GoClient;
  readonly #folders: Folders;
  readonly #forbidden: ReadonlySet<string>;
  readonly #notes: string[];
  readonly #timeout: number;
  #kept = false;

  constructor(request: FetchRequest, limits: FetchLimits, client: GoClient, folders: Folders) {
    this.#request = request;
    this.#limits = limits;
    this.#client = client;
    this.#folders = folders;
    this.#forbidden = new Set(request.forbidden);
    this.#notes = [...client.notices];
    this.#timeout = limits.seconds * 1000;
  }

  async run(): Promise<FetchOutcome> {
    const [source, toolchain] = await both(this.#source(), this.#toolchain());
    if (toolchain.kind === 'unavailable') return toolchain;
    const found = 'kind' in source ? source : await this.#rest(source, toolchain);
    if (found.kind === 'unavailable') await toolchain[Symbol.asyncDispose]();
    return found;
  }

  #log(line: string): void {
    this.#request.log?.(line);
  }

  async #toolchain(): Promise<Toolchain | Unavailable> {
    const { recipe, cacheDir, signal } = this.#request;
    const host = hostPlatform();
    const pin = recipe.toolchain.h1[host] ?? null;
    if (pin === null) this.#notes.push(`the recipe pins no toolchain for ${host}: its h1 comes from the checksum database alone`);
    return takeToolchain({
      version: recipe.toolchain.version,
      host,
      pin,
      cacheDir,
      cacheBytes: this.#limits.cacheBytes,
      client: this.#client,
      home: this.#folders.home,
      timeout: this.#timeout,
      signal,
      log: (line) => this.#log(line),
    });
  }

  /** The main module's files in the source folder. */
  async #source(): Promise<{ readonly origin: Origin | null } | Unavailable> {
    const { recipe, signal, gitProtocols } = this.#request;
    const { source } = recipe;
    const { source: dir, scratch } = this.#folders;
    if (source.kind === 'git') {
      this.#log(`fetching ${source.url} at ${source.commit}`);
      const { network } = this.#client;
      const protocols = gitProtocols === undefined ? {} : { protocols: gitProtocols };
      const failed = await fetchGitSource({
        url: source.url,
        commit: source.commit,
        dir,
        scratch,
        network,
        timeout: this.#timeout,
        signal,
        ...protocols,
      });
      return failed ?? { origin: { revision: source.commit, ref: null } };
    }
    const coordinate = `${source.module}@${source.version}`;
    this.#log(`fetching ${coordinate}`);
    const found = await this.#download(this.#client.program, this.#folders.home, [coordinate]);
    if ('kind' in found) return found;
    const module = found[0]!;
    if (module.sum !== source.h1) {
      return unavailable('checksum-mismatch', `${coordinate}: the recipe pins ${source.h1}, the checksum database has ${module.sum}`);
    }
    const among = await this.#forbiddenZip(module);
    if (among !== null) return among;
    await this.#keep(module);
    // Out of the module cache: the main module is a folder of its own, as a checkout would be.
    await rename(module.dir, dir);
    return { origin: module.origin };
  }

  async #rest({ origin }: { readonly origin: Origin | null }, toolchain: Toolchain): Promise<FetchOutcome> {
    const { source: sourceDir, modCache: moduleDir, home, scratch, root } = this.#folders;
    const modules = await this.#dependencies(sourceDir, join(toolchain.dir, 'bin', 'go'));
    if ('kind' in modules) return modules;
    for (const module of modules) {
      const among = await this.#forbiddenZip(module);
      if (among !== null) return among;
      await this.#keep(module);
    }
    if (this.#kept) await evict(this.#request.cacheDir, this.#limits.cacheBytes);
    const among = (await this.#forbiddenIn(sourceDir)) ?? (await this.#forbiddenIn(moduleDir)) ?? this.#forbiddenTool(toolchain);
    if (among !== null) return among;
    if (this.#request.recipe.vcs !== null) await makeFolder(join(sourceDir, '.git'));
    for (const path of [home, scratch, sumDatabaseIn(moduleDir)]) await removeTree(path);
    return {
      kind: 'fetched',
      sourceDir,
      moduleDir,
      toolchain,
      modules: modules.map(({ path, version, sum }) => ({ path, version, sum })),
      origin,
      notes: this.#notes,
      async [Symbol.asyncDispose]() {
        await toolchain[Symbol.asyncDispose]();
        await removeTree(root);
      },
    };
  }

  /**
   * Everything that the main module needs, by the go command that will build it: it checks each zip against go.sum. Neither go.mod nor go.sum
   * may change; some versions add lines.
   */
  async #dependencies(sourceDir: string, go: string): Promise<readonly DownloadedModule[] | Unavailable> {
    if (!existsSync(join(sourceDir, 'go.mod'))) return unavailable('not-a-module', 'expected go.mod in the source, found none');
    const files = ['go.mod', 'go.sum'].map((name) => join(sourceDir, name));
    const before = await Promise.all(files.map(readOptional));
    this.#log('fetching dependencies');
    const found = await this.#download(go, sourceDir, []);
    for (const [index, file] of files.entries()) await restore(file, before[index]!);
    return found;
  }

  /** From the store first; if what is there is wrong, once more without it, and the store gets what comes then. */
  async #download(go: string, cwd: string, modules: readonly string[]): Promise<readonly DownloadedModule[] | Unavailable> {
    const { cacheDir, signal } = this.#request;
    const { home, modCache } = this.#folders;
    const attempt = (store: string | null) => {
      const env = downloadEnvironment(this.#client, { home, modCache, goPath: join(cacheDir, 'gopath') }, store);
      return downloadModules({ go, env, cwd, modules, timeout: this.#timeout, signal });
    };
    const found = await attempt(storeAddress(cacheDir));
    if (!('kind' in found) || !['checksum-mismatch', 'fetch-failed'].includes(found.reason)) return found;
    const fresh = await attempt(null);
    if (!('kind' in fresh)) for (const { path } of fresh) await forgetModule(cacheDir, path);
    return fresh;
  }

  async #keep(module: DownloadedModule): Promise<void> {
    if (await keepModule(this.#request.cacheDir, this.#folders.modCache, module)) this.#kept = true;
    // The build reads the unpacked files and the recorded hash; the zip would only be another way to them.
    await rm(module.zip, { force: true });
  }

  async #forbiddenZip({ zip, path, version }: DownloadedModule): Promise<Unavailable | null> {
    if (!existsSync(zip)) return null;
    const { sha256 } = await digestFile(zip);
    return this.#forbidden.has(sha256) ? artifactAmongInputs(`the zip of ${path}@${version}`, sha256) : null;
  }

  async #forbiddenIn(folder: string): Promise<Unavailable | null> {
    const match = (await digestTree(folder, { links: 'skip', signal: this.#request.signal })).find(({ sha256 }) =>
      this.#forbidden.has(sha256),
    );
    return match === undefined ? null : artifactAmongInputs(match.path, match.sha256);
  }

  #forbiddenTool({ files, version }: Toolchain): Unavailable | null {
    const match = files.find(({ sha256 }) => this.#forbidden.has(sha256));
    return match === undefined ? null : artifactAmongInputs(`${match.path} of toolchain ${version}`, match.sha256);
  }
}

function artifactAmongInputs(what: string, sha256: string): Unavailable {
  return unavailable('artifact-among-inputs', `${what} has the digest ${sha256} of a published artifact: a copy proves nothing`);
}

/** Both results; if either throws, the other is still waited for, so that nothing writes to a folder that is being removed. */
async function both<A, B extends object>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  const [one, two] = await Promise.allSettled([first, second]);
  if (one.status === 'rejected') {
    if (two.status === 'fulfilled' && Symbol.asyncDispose in two.value)
      await (two.value as unknown as AsyncDisposable)[Symbol.asyncDispose]();
    throw one.reason;
  }
  if (two.status === 'rejected') throw two.reason;
  return [one.value, two.value];
}
