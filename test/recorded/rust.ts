/**
 * Real crates through fetch stage and sandbox, each twice: in work folders of different depth, with another number of cores, another umask and
 * time zone of the builder. Nobody published a binary of them; what must be the same is the digest. Takes minutes to hours, so it is no part of
 * `npm test`. The recipes are data in recipes/.
 *
 * node test/recorded/rust.ts [--data FOLDER] [--cache FOLDER] [NAME…]
 *
 * Updates rust.json beside this file, crate by crate, and writes rust.md from it. Exit code 0 when both builds of every crate have one digest.
 */
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build, detectSandbox, digestOutput, fetchInputs, hostPlatform, limitsOf, planBuild } from '@verbatim/builder';
import { decodeRecipe, encodeRecipe, recipeOutputs, type Recipe } from '@verbatim/statements';

interface Run {
  readonly cores: number;
  readonly fetchSeconds: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakMebibytes: number | null;
  readonly sha256: string | null;
  /** Why there is no digest; null when there is one. */
  readonly failure: string | null;
}

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
const MIB = 1024 ** 2;

const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { data: { type: 'string' }, cache: { type: 'string' } },
});
const dataDir = values.data ?? mkdtempSync(join(tmpdir(), 'verbatim-rust-'));
const cacheDir = values.cache ?? join(dataDir, 'cache');
const progress = (line: string): void => console.error(`${new Date().toISOString().slice(11, 19)} ${line}`);
const sandbox = await detectSandbox();

async function pairOf(name: string): Promise<Pair> {
  const json = readFileSync(new URL(`recipes/${name}.recipe.json`, import.meta.url), 'utf8');
  const recipe = decodeRecipe(encodeRecipe(JSON.parse(json) as Recipe));
  const runs: Run[] = [];
  let facts = { crates: 0, toolchains: [] as string[], bytes: null as number | null };
  for (const variation of VARIATIONS) {
    process.umask(variation.umask);
    process.env['TZ'] = variation.TZ;
    const { run, ...found } = await runOnce(name, recipe, variation);
    runs.push(run);
    facts = found;
    progress(`${name}: ${run.failure ?? run.sha256!} in ${run.wallSeconds} s`);
  }
  const same = runs.every(({ sha256 }) => sha256 !== null && sha256 === runs[0]!.sha256);
  return { name, date: new Date().toISOString().slice(0, 10), host: hostPlatform(), ...facts, runs, same };
}

async function runOnce(name: string, recipe: Recipe, { cores, folder }: (typeof VARIATIONS)[number]) {
  const workDir = join(dataDir, name, folder);
  mkdirSync(workDir, { recursive: true });
  const started = performance.now();
  const seconds = (since: number): number => Math.round((performance.now() - since) / 100) / 10;
  await using inputs = await fetched(recipe, workDir);
  const fetchSeconds = seconds(started);
  const [artifact] = recipeOutputs(recipe) as [string];
  const plan = planBuild(recipe, artifact, { platform: hostPlatform(), cpus: cores });
  const limits = limitsOf({ wallSeconds: HOURS * 3600, cpuSeconds: HOURS * 3600, memoryBytes: 8 * 1024 * MIB });
  const outcome = await build({ plan, fetched: inputs, sandbox, limits, workDir, outDir: join(workDir, 'out') });
  const { wallSeconds, cpuSeconds, peakMemoryBytes } = outcome.usage;
  const digests = outcome.kind === 'built' ? await digestOutput(outcome.outputPath, { maxBytes: 1024 * MIB }) : null;
  const run: Run = {
    cores,
    fetchSeconds,
    wallSeconds: Math.round(wallSeconds),
    cpuSeconds: Math.round(cpuSeconds),
    peakMebibytes: peakMemoryBytes === null ? null : Math.round(peakMemoryBytes / MIB),
    sha256: digests?.sha256 ?? null,
    failure: outcome.kind === 'built' ? null : `${outcome.kind}: ${outcome.detail}`,
  };
  const toolchains = inputs.toolchains.map((each) => `${each.name} ${each.version} ${each.digest}`);
  return { run, crates: inputs.dependencies.length, toolchains, bytes: digests?.size ?? null };
}

async function fetched(recipe: Recipe, workDir: string) {
  const outcome = await fetchInputs({ recipe, forbidden: [], cacheDir, workDir, log: progress });
  if (outcome.kind === 'unavailable') throw new Error(`${outcome.reason}: ${outcome.detail}`);
  return outcome;
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
