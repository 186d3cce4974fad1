/** Fetch stage of recipes of kind `go`: the main module, what it needs, and the toolchain, all through the go command. */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { GoRecipe } from '@verbatim/statements';
import { evict } from '../cache/evict.ts';
import { COMMITS } from '../cache/commits.ts';
import { forgetModule, keepModule, modulePaths, storeAddress } from '../cache/store.ts';
import { readOptional } from '../digest.ts';
import type { FetchContext, Inputs } from '../fetch.ts';
import { makeFolder, restore, shareSumDatabase, sumDatabaseIn } from '../fetch-folders.ts';
import { forbiddenAmong, forbiddenFile, forbiddenIn } from '../forbidden.ts';
import { fetchGitSource } from '../git-source.ts';
import { unavailable, type Origin, type Unavailable } from '../outcome.ts';
import { hostPlatform } from '../platform.ts';
import type { Toolchain } from '../toolchain.ts';
import { downloadModules, type DownloadedModule } from './download.ts';
import { requiresSource, writeMainModule } from './main-module.ts';
import { writePatched } from './patched.ts';
import { goClient, offlineClient, type GoClient, type GoFolders } from './settings.ts';
import { takeToolchain, toolchainKey } from './toolchain.ts';

/** Folders: `source`, `toolchain` (GOROOT), `modules` (a GOMODCACHE with exactly the modules that this source needs), `patches` (changed files of the toolchain). */
export async function fetchGo(context: FetchContext<GoRecipe>): Promise<Inputs | Unavailable> {
  const modCache = join(context.folders.root, 'modules');
  await makeFolder(modCache);
  const sumDatabase = await shareSumDatabase(context.cacheDir, modCache);
  const client = await goClient(context.environment, context.signal);
  const places = { home: context.folders.home, modCache, goPath: join(context.cacheDir, 'gopath'), sumDatabase };
  return new GoFetch(context, context.offline === true ? offlineClient(client) : client, places).run();
}

class GoFetch {
  readonly #context: FetchContext<GoRecipe>;
  readonly #client: GoClient;
  readonly #places: GoFolders;
  readonly #notes: string[];
  readonly #timeout: number;
  #kept = false;
  /** Paths in the cache. */
  readonly #paths: string[] = ['sumdb', 'gopath/pkg/sumdb'];

  constructor(context: FetchContext<GoRecipe>, client: GoClient, places: GoFolders) {
    this.#context = context;
    this.#client = client;
    this.#places = places;
    this.#notes = [...client.notices];
    this.#timeout = context.limits.seconds * 1000;
  }

  async run(): Promise<Inputs | Unavailable> {
    const [source, toolchain] = await both(this.#source(), this.#toolchain());
    if (toolchain.kind === 'unavailable') return toolchain;
    const found = 'kind' in source ? source : await this.#rest(source, toolchain);
    if (found.kind === 'unavailable') await toolchain[Symbol.asyncDispose]();
    return found;
  }

  async #toolchain(): Promise<Toolchain | Unavailable> {
    const { recipe, cacheDir, signal, limits, folders, log } = this.#context;
    const host = hostPlatform();
    const pin = recipe.toolchain.h1[host] ?? null;
    if (pin === null) this.#notes.push(`the recipe pins no toolchain for ${host}: its h1 comes from the checksum database alone`);
    // The source is fetched at the same time, and a client's folders come back to this process's user when it ends.
    const home = join(folders.scratch, 'toolchain-home');
    await mkdir(home, { mode: 0o700 });
    return takeToolchain({
      version: recipe.toolchain.version,
      host,
      pin,
      cacheDir,
      cacheBytes: limits.cacheBytes,
      client: this.#client,
      home,
      timeout: this.#timeout,
      signal,
      log,
    });
  }

  /** The main module's files in the source folder. */
  async #source(): Promise<{ readonly origin: Origin | null } | Unavailable> {
    const { recipe, signal, gitProtocols, log, folders } = this.#context;
    const { source } = recipe;
    const { source: dir, scratch } = folders;
    if (source.kind === 'git') {
      log(`fetching ${source.url} at ${source.commit}`);
      const { network } = this.#client;
      const protocols = gitProtocols === undefined ? {} : { protocols: gitProtocols };
      const failed = await fetchGitSource({
        url: source.url,
        commit: source.commit,
        dir,
        scratch,
        network,
        cacheDir: this.#context.cacheDir,
        offline: this.#context.offline ?? false,
        maxBytes: this.#context.limits.inputBytes,
        timeout: this.#timeout,
        signal,
        ...protocols,
      });
      return failed ?? { origin: { revision: source.commit, ref: null } };
    }
    const coordinate = `${source.module}@${source.version}`;
    log(`fetching ${coordinate}`);
    const found = await this.#download(this.#client.program, folders.home, [coordinate]);
    if ('kind' in found) return found;
    const module = found[0]!;
    if (module.sum !== source.h1) {
      return unavailable('checksum-mismatch', `${coordinate}: the recipe pins ${source.h1}, the checksum database has ${module.sum}`);
    }
    const among = await this.#forbiddenZip(module);
    if (among !== null) return among;
    await this.#keep(module);
    const { origin } = module;
    if (recipe.mainModule !== undefined) return (await writeMainModule(recipe.mainModule, module.dir, dir)) ?? { origin };
    // Out of the module cache: the main module is a folder of its own, as a checkout would be.
    await rename(module.dir, dir);
    return { origin };
  }

  async #rest({ origin }: { readonly origin: Origin | null }, toolchain: Toolchain): Promise<Inputs | Unavailable> {
    const { recipe, forbidden, signal, cacheDir, limits, folders } = this.#context;
    const { source } = folders;
    const patches = join(folders.root, 'patches');
    const { patched = [] } = recipe.toolchain;
    const failed = patched.length === 0 ? null : await writePatched(patched, toolchain.dir, patches);
    if (failed !== null) return failed;
    const modules = await this.#dependencies(source, join(toolchain.dir, 'bin', 'go'));
    if ('kind' in modules) return modules;
    for (const module of modules) {
      const among = await this.#forbiddenZip(module);
      if (among !== null) return among;
      await this.#keep(module);
    }
    if (this.#kept) await evict(cacheDir, limits.cacheBytes);
    const among =
      (await forbiddenIn(source, forbidden, signal)) ??
      (await forbiddenIn(this.#places.modCache, forbidden, signal)) ??
      forbiddenAmong(toolchain.files, forbidden, ` of toolchain ${toolchain.version}`);
    if (among !== null) return among;
    if (recipe.vcs !== null) await makeFolder(join(source, '.git'));
    await this.#placeForToolchain();
    await rm(sumDatabaseIn(this.#places.modCache), { force: true });
    return {
      kind: 'inputs',
      folders: { source, toolchain: toolchain.dir, modules: this.#places.modCache, ...(patched.length === 0 ? {} : { patches }) },
      toolchains: [toolchain],
      dependencies: modules.map(({ path, version, sum }) => ({ name: path, version, digest: sum })),
      origin,
      notes: this.#notes,
      kept: [...this.#paths, ...this.#gitPaths(), `toolchains/${toolchainKey(toolchain)}`],
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
    this.#context.log('fetching dependencies');
    const found = await this.#download(go, sourceDir, []);
    for (const [index, file] of files.entries()) await restore(file, before[index]!);
    return 'kind' in found || this.#context.recipe.mainModule === undefined ? found : this.#checkedSums(found);
  }

  /** The go.sum of a recipe's own main module is the recipe's word alone: the checksum database is asked for each module too. */
  async #checkedSums(modules: readonly DownloadedModule[]): Promise<readonly DownloadedModule[] | Unavailable> {
    const missing = requiresSource(this.#context.recipe, modules);
    if (missing !== null) return missing;
    const { home } = this.#context.folders;
    return this.#download(
      this.#client.program,
      home,
      modules.map(({ path, version }) => `${path}@${version}`),
    );
  }

  /** Where the publisher's toolchain lay among the modules, the sandbox mounts it there: on a folder that must exist. */
  async #placeForToolchain(): Promise<void> {
    const { paths } = this.#context.recipe;
    if (paths?.goroot.startsWith(`${paths.modules}/`))
      await makeFolder(join(this.#places.modCache, paths.goroot.slice(paths.modules.length + 1)));
  }

  /** From the store first; if what is there is wrong, once more without it, and the store gets what comes then. */
  async #download(go: string, cwd: string, modules: readonly string[]): Promise<readonly DownloadedModule[] | Unavailable> {
    const { cacheDir, signal } = this.#context;
    const request = { client: this.#client, go, folders: this.#places, cwd, modules, timeout: this.#timeout, signal };
    const attempt = (store: string | null) => downloadModules({ ...request, store });
    const found = await attempt(storeAddress(cacheDir));
    if (!('kind' in found) || !['checksum-mismatch', 'fetch-failed'].includes(found.reason)) return found;
    const fresh = await attempt(null);
    if (!('kind' in fresh)) for (const { path } of fresh) await forgetModule(cacheDir, path);
    return fresh;
  }

  async #keep(module: DownloadedModule): Promise<void> {
    this.#paths.push(...modulePaths(module, this.#places.modCache));
    if (await keepModule(this.#context.cacheDir, this.#places.modCache, module)) this.#kept = true;
    // The build reads the unpacked files and the recorded hash; the zip would only be another way to them.
    await rm(module.zip, { force: true });
  }

  #gitPaths(): string[] {
    const { source } = this.#context.recipe;
    return source.kind === 'git' ? [`${COMMITS}/${source.commit}.git`] : [];
  }

  #forbiddenZip({ zip, path, version }: DownloadedModule): Promise<Unavailable | null> {
    return forbiddenFile(zip, `the zip of ${path}@${version}`, this.#context.forbidden);
  }
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
