/**
 * Real crates through fetch stage and sandbox, each twice: in work folders of different depth, with another number of cores, another umask and
 * time zone of the builder. Nobody published a binary of them; what must be the same is the digest. Takes minutes to hours, so it is no part of
 * `npm test`. The recipes are data in recipes/.
 *
 * node test/recorded/rust.ts [--data FOLDER] [--cache FOLDER] [NAME…]
 *
 * Updates rust.json beside this file, crate by crate, and writes rust.md from it. Exit code 0 when both builds of every crate have one digest.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { hostPlatform } from '@verbatim/builder';
import { decodeRecipe, encodeRecipe, type Recipe } from '@verbatim/statements';
import { progress, rebuild, type Run } from './_rebuild.ts';

interface Pair {
  readonly name: string;
  readonly date: string;
  readonly host: string;
  readonly crates: number;
  readonly toolchains: readonly string[];
  readonly bytes: number | null;
  readonly runs: readonly Run[];
  readonly same: boolean;
}

/** What the second build has otherwise. In the sandbox every path is the same: what is shown is that nothing of the outside gets in. */
const VARIATIONS = [
  { cores: 2, folder: 'a', umask: 0o022, TZ: 'UTC' },
  { cores: 1, folder: 'second/work/folder/with/a/longer/path', umask: 0o077, TZ: 'Asia/Tokyo' },
] as const;
const RESULTS = new URL('rust.json', import.meta.url);
const TABLE = new URL('rust.md', import.meta.url);
const HOURS = 3;

const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { data: { type: 'string' }, cache: { type: 'string' } },
});
const dataDir = values.data ?? mkdtempSync(join(tmpdir(), 'verbatim-rust-'));
const cacheDir = values.cache ?? join(dataDir, 'cache');

async function pairOf(name: string): Promise<Pair> {
  const json = readFileSync(new URL(`recipes/${name}.recipe.json`, import.meta.url), 'utf8');
  const recipe = decodeRecipe(encodeRecipe(JSON.parse(json) as Recipe));
  const runs: Run[] = [];
  let facts = { crates: 0, toolchains: [] as readonly string[], bytes: null as number | null };
  for (const variation of VARIATIONS) {
    process.umask(variation.umask);
    process.env['TZ'] = variation.TZ;
    const { cores, folder } = variation;
    const { run, dependencies, ...found } = await rebuild(recipe, { cores, hours: HOURS, cacheDir, workDir: join(dataDir, name, folder) });
    runs.push(run);
    facts = { crates: dependencies, ...found };
    progress(`${name}: ${run.failure ?? run.sha256!} in ${run.wallSeconds} s`);
  }
  const same = runs.every(({ sha256 }) => sha256 !== null && sha256 === runs[0]!.sha256);
  return { name, date: new Date().toISOString().slice(0, 10), host: hostPlatform(), ...facts, runs, same };
}

/** Writes results and table; without a pair, the table of what is known. */
function record(pair: Pair | null): void {
  const known = JSON.parse(readFileSync(RESULTS, 'utf8')) as Pair[];
  const all = [...known.filter(({ name }) => name !== pair?.name), ...(pair === null ? [] : [pair])].sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  process.umask(0o022);
  writeFileSync(RESULTS, `${JSON.stringify(all, null, 2)}\n`);
  writeFileSync(TABLE, tableOf(all));
}

function tableOf(pairs: readonly Pair[]): string {
  const rows = pairs.flatMap(({ name, crates, runs, same, host }) =>
    runs.map(({ cores, fetchSeconds, wallSeconds, cpuSeconds, peakMebibytes, sha256, failure }) =>
      [
        name,
        host,
        crates,
        cores,
        `${fetchSeconds} s`,
        `${wallSeconds} s`,
        `${cpuSeconds} s`,
        peakMebibytes === null ? '' : `${peakMebibytes} MiB`,
        failure ?? `\`${sha256!.slice(0, 16)}…\``,
        same ? 'yes' : 'no',
      ].join(' | '),
    ),
  );
  return [
    '# Crates rebuilt twice',
    '',
    'By `test/recorded/rust.ts`, on a machine with two shared cores: wall times are upper bounds. The digests in full are in `rust.json`.',
    '',
    '| crate | host | locked crates | cores | fetch | build: wall | CPU | peak memory | digest | same |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
    '',
    `Not run: ${notRun(pairs).join(', ') || 'none'}.`,
    '',
  ].join('\n');
}

/** Recipes for which there is no result. */
function notRun(pairs: readonly Pair[]): string[] {
  const recipes = readdirSync(new URL('recipes/', import.meta.url)).map((file) => file.replace('.recipe.json', ''));
  return recipes.filter((name) => !pairs.some((pair) => pair.name === name)).sort();
}

let same = true;
if (names.length === 0) record(null);
try {
  for (const name of names) {
    const pair = await pairOf(name);
    record(pair);
    same &&= pair.same;
  }
} finally {
  if (values.data === undefined) rmSync(dataDir, { recursive: true, force: true });
}
process.exitCode = same ? 0 : 1;
