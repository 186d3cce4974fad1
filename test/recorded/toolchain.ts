/**
 * A Go toolchain that nobody serves for a host, rebuilt and put where a node uses it: through fetch stage and sandbox, by a recipe of the kind
 * `go-toolchain` in deploy/local/releases, into the folder `rebuilt` of a cache. Takes minutes, so it is no part of `npm test`.
 *
 * node test/recorded/toolchain.ts --cache FOLDER [--data FOLDER] NAME
 *
 * Prints digests and cost as JSON. What a recipe that uses the toolchain pins is `h1`.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { zipHash1 } from '@verbatim/builder';
import { REPOSITORY } from '@verbatim/local';
import { decodeRecipe, encodeRecipe, recipeOutputs, type Recipe } from '@verbatim/statements';
import { rebuild } from './_rebuild.ts';

const MAX_UNPACKED = 2 * 1024 ** 3;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { data: { type: 'string' }, cache: { type: 'string' } },
});
const [name] = positionals;
if (name === undefined || values.cache === undefined) throw new Error('expected --cache FOLDER and the name of a release');
const cacheDir = resolve(values.cache);
const workDir = values.data === undefined ? mkdtempSync(join(tmpdir(), 'verbatim-toolchain-')) : resolve(values.data);
try {
  const file = join(REPOSITORY, 'deploy/local/releases', name, 'recipe.json');
  const recipe = decodeRecipe(encodeRecipe(JSON.parse(readFileSync(file, 'utf8')) as Recipe));
  const { run, toolchains, bytes } = await rebuild(recipe, { cores: 2, hours: 3, cacheDir, workDir });
  if (run.failure !== null) throw new Error(run.failure);
  const zip = join(workDir, 'out', 'artifact');
  const rebuilt = join(cacheDir, 'rebuilt');
  if (!existsSync(rebuilt)) mkdirSync(rebuilt);
  copyFileSync(zip, join(rebuilt, recipeOutputs(recipe)[0]!));
  const h1 = await zipHash1(zip, { maxBytes: MAX_UNPACKED });
  console.log(JSON.stringify({ name, h1, bytes, toolchains, ...run }, null, 2));
} finally {
  if (values.data === undefined) rmSync(workDir, { recursive: true, force: true });
}
