/** A main module that the publisher wrote for the release: its files, and what it must require (see MainModule of the recipe). */
import { copyFile, chmod, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { GoRecipe, MainModule } from '@verbatim/statements';
import { errnoOf } from '../errors.ts';
import { makeFolder } from '../fetch-folders.ts';
import { unavailable, type Unavailable } from '../outcome.ts';
import type { DownloadedModule } from './download.ts';

/** Writes the main module to `dir`, with files of the source in `from`. Null when it is there. */
export async function writeMainModule({ goMod, goSum, files }: MainModule, from: string, dir: string): Promise<Unavailable | null> {
  await makeFolder(dir);
  for (const [path, sourcePath] of Object.entries(files)) {
    const to = join(dir, path);
    await makeFolder(dirname(to));
    try {
      await copyFile(join(from, sourcePath), to);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error;
      return unavailable('not-a-module', `expected the file ${sourcePath} in the source, found none`);
    }
    await chmod(to, 0o644);
  }
  await writeFile(join(dir, 'go.mod'), goMod, { mode: 0o644 });
  await writeFile(join(dir, 'go.sum'), goSum, { mode: 0o644 });
  return null;
}

/** The recipe's source is what the main module requires, and not some other version of it. Null when it is. */
export function requiresSource({ source }: GoRecipe, modules: readonly DownloadedModule[]): Unavailable | null {
  if (source.kind !== 'go-module') throw new Error('checked by the recipe’s schema');
  const found = modules.find(({ path }) => path === source.module);
  if (found?.version === source.version && found.sum === source.h1) return null;
  const seen = found === undefined ? 'none' : `${found.version} ${found.sum}`;
  return unavailable('not-a-module', `expected the main module to require ${source.module} ${source.version} ${source.h1}, found ${seen}`);
}
