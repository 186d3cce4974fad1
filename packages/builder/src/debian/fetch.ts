/** Fetch stage of recipes of kind `debian`: the system to build in, and the source package, all through apt. */
import { join } from 'node:path';
import { debianCompilers, parseDebianPin, type DebianRecipe } from '@verbatim/statements';
import { storedPath } from '../cache/files.ts';
import { BuilderError, messageOf } from '../errors.ts';
import type { FetchContext, Inputs } from '../fetch.ts';
import { forbiddenAmong, forbiddenIn } from '../forbidden.ts';
import { unavailable, type Unavailable } from '../outcome.ts';
import { hostPlatform } from '../platform.ts';
import type { Toolchain } from '../toolchain.ts';
import { takeRoot } from './root.ts';
import { takeSourceFiles, unpackSource } from './source.ts';

/** Folders: `source` (unpacked and patched), `root` (the system that the build runs in). */
export async function fetchDebian(context: FetchContext<DebianRecipe>): Promise<Inputs | Unavailable> {
  const { recipe, cacheDir, limits, environment, offline, signal, log } = context;
  const timeout = limits.seconds * 1000;
  const { cacheBytes } = limits;
  const style = 'configured';
  const root = await takeRoot({ root: recipe.root, style, cacheDir, cacheBytes, environment, timeout, offline, signal, log });
  if (root.kind === 'unavailable') return root;
  try {
    if (root.host !== hostPlatform()) {
      throw new BuilderError('unsupported-recipe', `expected a host ${root.host} as the recipe's system is for, found ${hostPlatform()}`);
    }
    const failed = forbiddenRoot(context, root) ?? (await source(context, root));
    if (failed !== null) await root[Symbol.asyncDispose]();
    return failed ?? inputsOf(context, root);
  } catch (error) {
    await root[Symbol.asyncDispose]();
    throw error;
  }
}

function forbiddenRoot({ recipe, forbidden }: FetchContext<DebianRecipe>, root: Toolchain): Unavailable | null {
  const packages = recipe.root.packages.map(parseDebianPin).map(({ name, version, sha256 }) => ({ path: `${name} ${version}`, sha256 }));
  return forbiddenAmong(packages, forbidden, ' of the system') ?? forbiddenAmong(root.files, forbidden, ' of the system');
}

async function source(context: FetchContext<DebianRecipe>, root: Toolchain): Promise<Unavailable | null> {
  const { recipe, folders, forbidden, signal } = context;
  const files = join(folders.scratch, 'files');
  const failed =
    (await takeSourceFiles(context, files)) ??
    forbiddenAmong(
      recipe.source.files.map(({ name, sha256 }) => ({ path: name, sha256 })),
      forbidden,
    ) ??
    (await unpackSource(context, files, root.dir));
  if (failed !== null) return failed;
  try {
    return await forbiddenIn(folders.source, forbidden, signal);
  } catch (error) {
    signal?.throwIfAborted();
    return unavailable('bad-source', messageOf(error));
  }
}

function inputsOf({ recipe, folders }: FetchContext<DebianRecipe>, root: Toolchain): Inputs {
  const { version, files } = recipe.source;
  const pinned = [...files.map(({ name, sha256 }) => ({ name, version, sha256 })), ...recipe.root.packages.map(parseDebianPin)];
  return {
    kind: 'inputs',
    folders: { source: folders.source, root: root.dir },
    toolchains: [root, ...debianCompilers(recipe).map((pin) => compilerOf(pin, root))],
    dependencies: pinned.map((each) => ({ name: each.name, version: each.version, digest: `sha256:${each.sha256}` })),
    origin: null,
    notes: [],
    // The system itself is made again from its packages.
    kept: pinned.map(({ sha256 }) => storedPath(sha256)),
  };
}

/** A compiler is part of the system, named by its package. */
function compilerOf({ name, version, sha256 }: ReturnType<typeof debianCompilers>[number], { host, dir }: Toolchain): Toolchain {
  return { kind: 'toolchain', name, version, host, dir, digest: `sha256:${sha256}`, files: [], [Symbol.asyncDispose]: async () => {} };
}
