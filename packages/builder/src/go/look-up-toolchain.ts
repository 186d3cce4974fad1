/** A file of a Go toolchain, for whoever writes a recipe that changes it. */
import { mkdir, mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_FETCH_LIMITS } from '../fetch.ts';
import type { Unavailable } from '../outcome.ts';
import { hostPlatform } from '../platform.ts';
import { removeTree } from '../remove-tree.ts';
import type { ModuleQuery } from './look-up.ts';
import { goClient } from './settings.ts';
import { takeToolchain } from './toolchain.ts';

export type ToolchainFileQuery = Omit<ModuleQuery, 'module' | 'query'> & {
  /** Such as `go1.26.5`. */
  readonly version: string;
  /** In the toolchain's folder. */
  readonly file: string;
};

export interface ToolchainFile {
  readonly kind: 'file';
  readonly text: string;
  readonly sha256: string;
}

/** A file of a released toolchain for this host, which the checksum database vouches for; null when it has no such file. @throws as lookUpModule */
export async function lookUpToolchainFile(request: ToolchainFileQuery): Promise<ToolchainFile | Unavailable | null> {
  const { version, file, cacheDir, environment, timeout = 600_000, signal } = request;
  await mkdir(join(cacheDir, 'tmp'), { recursive: true });
  const home = await mkdtemp(join(cacheDir, 'tmp', 'look-up.'));
  try {
    const client = await goClient(environment, signal);
    const { cacheBytes } = DEFAULT_FETCH_LIMITS;
    const toolchain = await takeToolchain({
      version,
      host: hostPlatform(),
      pin: null,
      cacheDir,
      cacheBytes,
      client,
      home,
      timeout,
      signal,
      log: () => {},
    });
    if (toolchain.kind === 'unavailable') return toolchain;
    await using held = toolchain;
    const found = held.files.find(({ path }) => path === file);
    return found === undefined ? null : { kind: 'file', text: await readFile(join(held.dir, file), 'utf8'), sha256: found.sha256 };
  } finally {
    await removeTree(home);
  }
}
