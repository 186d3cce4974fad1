/** The tools of a build with cargo: Rust, and the C toolchain that links. */
import { join } from 'node:path';
import type { CargoRecipe } from '@verbatim/statements';
import { takeRoot } from '../debian/root.ts';
import type { FetchContext } from '../fetch.ts';
import { forbiddenAmong } from '../forbidden.ts';
import { unavailable, type Unavailable } from '../outcome.ts';
import { hostPlatform } from '../platform.ts';
import type { Toolchain } from '../toolchain.ts';
import { forbiddenOnHost, hostC } from './c-host.ts';
import { npmTools } from './c-npm.ts';
import { hostTripleOf } from './host-triple.ts';
import { takeRust } from './toolchain.ts';

export interface Tools {
  readonly kind: 'tools';
  /** `rust`, `cc`, `system`: what of them the recipe's plan mounts. */
  readonly folders: Readonly<Record<string, string>>;
}

/** @param held every toolchain that was taken, for the caller to release, also when another could not be had */
export async function takeTools(context: FetchContext<CargoRecipe>, held: Toolchain[]): Promise<Tools | Unavailable> {
  const { recipe } = context;
  const folders: Record<string, string> = {};
  const take = async (name: string, taking: Promise<Toolchain | Unavailable>): Promise<Unavailable | null> => {
    const taken = await taking;
    if (taken.kind === 'unavailable') return taken;
    held.push(taken);
    folders[name] = taken.dir;
    return forbiddenAmong(taken.files, context.forbidden, ` of ${taken.name} ${taken.version}`);
  };
  const { toolchain } = recipe;
  const rust = toolchain.kind === 'dist' ? await take('rust', rustOf(context, toolchain)) : null;
  const failed = rust ?? (await take(FOLDERS[recipe.c.kind], cToolsOf(context)));
  if (failed !== null) return failed;
  if (toolchain.kind === 'packaged') {
    const { host, dir, digest } = held.at(-1)!;
    // The system holds it: its packages are what pins it.
    held.unshift({
      kind: 'toolchain',
      name: 'rust',
      version: toolchain.version,
      host,
      dir,
      digest,
      files: [],
      [Symbol.asyncDispose]: async () => {},
    });
  }
  const among = recipe.c.kind === 'debian' ? null : await forbiddenOnHost(context.forbidden, context.signal);
  return among ?? { kind: 'tools', folders };
}

const FOLDERS = { host: 'cc', npm: 'cc', debian: 'system' } as const;

type Dist = Extract<CargoRecipe['toolchain'], { readonly kind: 'dist' }>;

function common({ cacheDir, limits, environment = process.env, offline = false, signal, log }: FetchContext<CargoRecipe>) {
  return {
    cacheDir,
    cacheBytes: limits.cacheBytes,
    environment,
    offline,
    timeout: limits.seconds * 1000,
    signal,
    log,
    host: hostPlatform(),
  };
}

async function rustOf(context: FetchContext<CargoRecipe>, toolchain: Dist): Promise<Toolchain | Unavailable> {
  const request = common(context);
  const digest = toolchain.digests[request.host];
  if (digest === undefined) {
    const pinned = Object.keys(toolchain.digests).join(', ') || 'none';
    const expected = `the digest of Rust ${toolchain.version} for ${request.host} in the recipe`;
    return unavailable('toolchain-unavailable', `expected ${expected}, found ${pinned}`);
  }
  const triples = { host: hostTripleOf(request.host), targets: context.recipe.outputs.map(({ target }) => target) };
  return takeRust({ ...request, ...toolchain, digest, triples });
}

async function cToolsOf(context: FetchContext<CargoRecipe>): Promise<Toolchain | Unavailable> {
  const { recipe, folders, forbidden, signal } = context;
  const request = common(context);
  const { c } = recipe;
  switch (c.kind) {
    case 'host':
      return hostC(request.host, signal);
    case 'npm':
      return npmTools({ ...request, c, dir: join(folders.root, 'cc'), scratch: folders.scratch, forbidden });
    case 'debian': {
      const root = c.roots[request.host];
      if (root !== undefined) return takeRoot({ ...request, root, style: 'unpacked' });
      return unavailable(
        'toolchain-unavailable',
        `expected a Debian system for ${request.host} in the recipe, found ${Object.keys(c.roots).join(', ')}`,
      );
    }
  }
}
