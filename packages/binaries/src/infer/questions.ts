import { readGoBuildInfo, findGoVersions, type GoBuildInfo } from '../build-info.ts';
import { orElse } from '../errors.ts';
import { readImages } from '../identify.ts';
import { splitGoVersion } from '../settings.ts';
import { vcsOf } from '../vcs.ts';
import type { RecipeHints } from './hints.ts';
import { isOwnName } from './main-module.ts';
import { commonFolder, sourceFilesIn } from './publisher-paths.ts';

/** What somebody with a network should look up, so that `inferGoRecipes` can say more. */
export interface SourceQuestions {
  /** What the source's module may be called, likeliest first. */
  readonly modules: readonly string[];
  /** Versions and revisions of it, likeliest first. */
  readonly queries: readonly string[];
  /** What its hash should be, as the file or a hint says; null: nobody does. */
  readonly h1: string | null;
  /** Version of Go whose linker's source is wanted; null: it is not. */
  readonly linkerOf: string | null;
  /** Modules whose go.mod is to be hashed. */
  readonly sums: readonly { readonly path: string; readonly version: string }[];
}

/** Prefixes of a folder that are tried as modules. */
const MAX_MODULES = 4;

/** Null for a file that is not Go's. Throws BinaryError as readGoBuildInfo does. */
export function sourceQuestions(bytes: Uint8Array, hints: RecipeHints = {}): SourceQuestions | null {
  const info = readGoBuildInfo(bytes);
  if (info === null) return withoutBuildInfo(bytes, hints);
  const own = info.main !== null && isOwnName(info.main.path) && info.deps.length > 0;
  const stamped = own ? null : stampedVersion(info);
  const queries = [stamped, hints.version, vcsOf(info)?.revision].filter((query) => query !== undefined && query !== null);
  return {
    modules: own ? requiredModules(info, hints) : [info.main?.path ?? hints.module].filter((module) => module !== undefined),
    queries: [...new Set(queries)],
    h1: (own ? '' : info.main?.sum) || (hints.h1 ?? null),
    linkerOf: null,
    sums: own ? info.deps.map(({ path, version }) => ({ path, version })) : [],
  };
}

/** The main module's version, where the go command knew one. */
export function stampedVersion({ main }: GoBuildInfo): string | null {
  return main === null || main.version === '' || main.version === '(devel)' ? null : main.version.replace(/\+dirty$/, '');
}

/** A main module that only requires: the source is what has the package's own version, or the version that a hint names. */
function requiredModules({ deps }: GoBuildInfo, { module, version }: RecipeHints): string[] {
  if (module !== undefined) return [module];
  return deps.filter((dep) => dep.version === version && dep.replace === undefined).map(({ path }) => path);
}

function withoutBuildInfo(bytes: Uint8Array, hints: RecipeHints): SourceQuestions | null {
  const versions = findGoVersions(bytes);
  const [image] = orElse(() => readImages(bytes), []);
  if (image === undefined || versions.length === 0) return null;
  return {
    modules: hints.module === undefined ? modulesOf(sourceFilesIn(image)) : [hints.module],
    queries: hints.version === undefined ? [] : [hints.version],
    h1: hints.h1 ?? null,
    linkerOf: splitGoVersion(versions[0]!).toolchain,
    sums: [],
  };
}

/** Under -trimpath the main module's files go by import path without a version: the module is where they all are, or above. */
function modulesOf(files: readonly string[]): string[] {
  const own = files.filter((file) => /^[a-z0-9-]+(?:\.[a-z0-9-]+)+\//.test(file) && !file.includes('@'));
  const segments = commonFolder(own)?.split('/') ?? [];
  const lengths = Array.from({ length: Math.max(segments.length - 1, 0) }, (_, i) => segments.length - i);
  return lengths.slice(0, MAX_MODULES).map((length) => segments.slice(0, length).join('/'));
}
