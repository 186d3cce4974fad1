/** What the module proxy and the checksum database say of a module's version: for whoever writes a recipe and has no hash yet. */
import { mkdir, mkdtemp, readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../errors.ts';
import { keepModule, storeAddress } from '../cache/store.ts';
import { shareSumDatabase } from '../fetch-folders.ts';
import { unavailable, type Origin, type Unavailable } from '../outcome.ts';
import { removeTree } from '../remove-tree.ts';
import { downloadModules, type DownloadedModule } from './download.ts';
import { goClient } from './settings.ts';

export interface ModuleQuery {
  /** As in go.mod, with its /vN. */
  readonly module: string;
  /** A version, or a revision of its repository (`go help modules`, "Module queries"). */
  readonly query: string;
  readonly cacheDir: string;
  /** The user's environment, for proxies and mirrors. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly signal?: AbortSignal | undefined;
}

/** A module's version with its files, until it is disposed. */
export interface FoundModule extends AsyncDisposable {
  readonly kind: 'module';
  readonly version: string;
  readonly h1: string;
  readonly origin: Origin | null;
  /** Relative paths of all files. */
  readonly files: readonly string[];
  /** Text of one of them; null when there is none, or it has more than 256 KiB. */
  read(path: string): Promise<string | null>;
}

const MAX_TEXT_BYTES = 256 * 1024;
const MAX_SUMS = 2048;
/** A branch name would be another version tomorrow, and a path or an option is none at all. */
const QUERY = /^(?:v[0-9][0-9A-Za-z.+-]{0,127}|[0-9a-f]{12,64})$/;
const MODULE = /^[a-z0-9][a-z0-9.-]*\.[a-z0-9.-]+(?:\/(?!\.\.?(?:\/|$))[A-Za-z0-9._~-]+)*$/;

/** Downloads one module, checked against the checksum database. @throws BuilderError `tool-missing`; the signal's reason when aborted. */
export async function lookUpModule(request: ModuleQuery): Promise<FoundModule | Unavailable> {
  const { module, query } = request;
  if (!MODULE.test(module) || !QUERY.test(query)) {
    return unavailable(
      'module-unavailable',
      `expected a module path and a version or revision, found ${JSON.stringify(`${module}@${query}`)}`,
    );
  }
  const found = await lookUp(request, [`${module}@${query}`]);
  if ('kind' in found) return found;
  const [{ version, sum, dir, origin }] = found.modules as [DownloadedModule];
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return {
    kind: 'module',
    version,
    h1: sum,
    origin,
    files: entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1)),
    read: (path) => readText(join(dir, path)),
    [Symbol.asyncDispose]: () => removeTree(found.root),
  };
}

export type SumsQuery = Omit<ModuleQuery, 'module' | 'query'> & {
  readonly modules: readonly { readonly path: string; readonly version: string }[];
};

/** The h1 of the go.mod of each, by `path@version`, as the checksum database has it. At most 2048. @throws as lookUpModule */
export async function lookUpGoModSums(request: SumsQuery): Promise<ReadonlyMap<string, string> | Unavailable> {
  const { modules } = request;
  const wrong = modules.find(({ path, version }) => !MODULE.test(path) || !QUERY.test(version));
  if (wrong !== undefined || modules.length > MAX_SUMS) {
    const seen = wrong === undefined ? `${modules.length} modules` : JSON.stringify(`${wrong.path}@${wrong.version}`);
    return unavailable('module-unavailable', `expected at most ${MAX_SUMS} modules with versions, found ${seen}`);
  }
  if (modules.length === 0) return new Map();
  const found = await lookUp(
    request,
    modules.map(({ path, version }) => `${path}@${version}`),
  );
  if ('kind' in found) return found;
  await removeTree(found.root);
  return new Map(found.modules.map(({ path, version, goModSum }) => [`${path}@${version}`, goModSum]));
}

interface LookedUp {
  readonly root: string;
  readonly modules: readonly DownloadedModule[];
}

/** Downloads modules to a folder of their own, which is removed if that fails. */
async function lookUp(request: Omit<ModuleQuery, 'module' | 'query'>, coordinates: readonly string[]): Promise<LookedUp | Unavailable> {
  const { cacheDir, environment, timeout = 300_000, signal } = request;
  await mkdir(join(cacheDir, 'tmp'), { recursive: true });
  const root = await mkdtemp(join(cacheDir, 'tmp', 'look-up.'));
  try {
    const [home, modCache] = [join(root, 'home'), join(root, 'modules')];
    for (const folder of [home, modCache]) await mkdir(folder);
    const sumDatabase = await shareSumDatabase(cacheDir, modCache);
    const client = await goClient(environment, signal);
    const folders = { home, modCache, goPath: join(cacheDir, 'gopath'), sumDatabase };
    const modules = await downloadModules({
      client,
      folders,
      store: storeAddress(cacheDir),
      cwd: home,
      modules: coordinates,
      timeout,
      signal,
    });
    if ('kind' in modules) {
      await removeTree(root);
      return modules;
    }
    for (const module of modules) await keepModule(cacheDir, modCache, module);
    return { root, modules };
  } catch (error) {
    await removeTree(root);
    throw error;
  }
}

async function readText(path: string): Promise<string | null> {
  try {
    return (await stat(path)).size > MAX_TEXT_BYTES ? null : await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return null;
    throw error;
  }
}
