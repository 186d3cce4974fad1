/** Fetch stage of recipes of kind `go-toolchain`: the source out of a published toolchain, without its programs, and the Go that builds it. */
import { cp } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { toolchainSource, type GoToolchainRecipe } from '@verbatim/statements';

import type { FetchContext, Inputs } from '../fetch.ts';
import { forbiddenAmong, forbiddenIn } from '../forbidden.ts';
import { goClient, type GoClient } from '../go/settings.ts';
import { takeToolchain } from '../go/toolchain.ts';
import type { Unavailable } from '../outcome.ts';
import { hostPlatform } from '../platform.ts';
import type { Toolchain } from '../toolchain.ts';

/** Folders: `source` (a GOROOT without programs), `toolchain` (the GOROOT of what builds). */
export async function fetchGoToolchain(context: FetchContext<GoToolchainRecipe>): Promise<Inputs | Unavailable> {
  const { recipe, environment, signal, folders, forbidden } = context;
  const client = await goClient(environment, signal);
  const host = hostPlatform();
  const pin = recipe.toolchain.h1[host] ?? null;
  const failed = await fetchSource(context, client);
  if (failed !== null) return failed;
  const toolchain = await take(context, client, { version: recipe.toolchain.version, host, pin });
  if (toolchain.kind === 'unavailable') return toolchain;
  const among =
    forbiddenAmong(toolchain.files, forbidden, ` of toolchain ${toolchain.version}`) ??
    (await forbiddenIn(folders.source, forbidden, signal));
  if (among !== null) {
    await toolchain[Symbol.asyncDispose]();
    return among;
  }
  const unpinned = `the recipe pins no toolchain for ${host}: its h1 comes from the checksum database alone`;
  return {
    kind: 'inputs',
    folders: { source: folders.source, toolchain: toolchain.dir },
    toolchains: [toolchain],
    dependencies: [],
    origin: null,
    notes: [...client.notices, ...(pin === null ? [unpinned] : [])],
  };
}

/** Null when the source is there. What was published as programs is left out: a build that has it proves nothing. */
async function fetchSource(context: FetchContext<GoToolchainRecipe>, client: GoClient): Promise<Unavailable | null> {
  const { recipe, folders } = context;
  if (recipe.source.kind !== 'go-module') throw new Error('checked by the recipe’s schema');
  const { version, platform } = toolchainSource(recipe);
  const published = await take(context, client, { version, host: platform, pin: recipe.source.h1 });
  if (published.kind === 'unavailable') return published;
  await using from = published;
  const isSource = (path: string): boolean => {
    const below = relative(from.dir, path);
    // Each _go.mod has been copied to go.mod, which is its name outside of a module zip.
    return below !== 'bin' && below !== join('pkg', 'tool') && basename(path) !== '_go.mod';
  };
  await cp(from.dir, folders.source, { recursive: true, filter: isSource });
  return null;
}

function take(
  { cacheDir, limits, folders, signal, log }: FetchContext<GoToolchainRecipe>,
  client: GoClient,
  which: { readonly version: string; readonly host: string; readonly pin: string | null },
): Promise<Toolchain | Unavailable> {
  const { cacheBytes, seconds } = limits;
  return takeToolchain({ ...which, cacheDir, cacheBytes, client, home: folders.home, timeout: seconds * 1000, signal, log });
}
