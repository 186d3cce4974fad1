/**
 * Crates for arm64 through fetch stage and sandbox on linux/amd64, and on linux/arm64 as deploy/arm64 emulates it, with Debian's Rust and C
 * tools for each: what must be the same is the digest. With `--control` also without the recipe's host triple. Emulated, rustc takes 40 times
 * as long, so it is no part of `npm test`.
 *
 * node test/recorded/rust-hosts.ts [--control] [--data FOLDER] [--cache FOLDER] [NAME…]
 *
 * Updates rust-hosts.json beside this file, build by build, and writes rust-hosts.md from it. Exit code 0 when each crate has one digest on both
 * hosts.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { hostPlatform } from '@verbatim/builder';
import { decodeRecipe, encodeRecipe, type CargoRecipe } from '@verbatim/statements';
import { buildScriptCrate } from './_build-script-crate.ts';
import { progress, rebuild, type Rebuild } from './_rebuild.ts';

interface HostBuild extends Rebuild {
  readonly name: string;
  readonly date: string;
  readonly host: string;
  /** What `rustc -vV` is made to say; null: what it says itself. */
  readonly hostTriple: string | null;
}

const HOSTS = ['linux/amd64', 'linux/arm64'] as const;
const RESULTS = new URL('rust-hosts.json', import.meta.url);
const TABLE = new URL('rust-hosts.md', import.meta.url);
const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const NETR = new URL('recipes/netr-0.1.4-aarch64.recipe.json', import.meta.url);
const OPTIONS = { cores: 2, hours: 3, gitProtocols: ['file'] } as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    control: { type: 'boolean' },
    data: { type: 'string' },
    cache: { type: 'string' },
    // Rebuilds the recipe of this file on the host that this runs on, and prints what came of it.
    here: { type: 'string' },
  },
});

async function rebuildHere(recipeFile: string, dataDir: string, cacheDir: string): Promise<Rebuild> {
  const recipe = JSON.parse(readFileSync(recipeFile, 'utf8')) as CargoRecipe;
  return rebuild(recipe, { ...OPTIONS, cacheDir, workDir: join(dataDir, 'work', hostPlatform()) });
}

/** This script, in the root of the other host. */
async function rebuildThere(recipeFile: string, dataDir: string, cacheDir: string): Promise<Rebuild> {
  const child = spawn(
    join(REPOSITORY, 'deploy', 'arm64', 'run.sh'),
    [
      ...['--writable', dataDir, '--writable', cacheDir, '--'],
      ...['node', fileURLToPath(import.meta.url), '--here', recipeFile, '--data', dataDir, '--cache', cacheDir],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  if (code !== 0) throw new Error(`expected a result from the arm64 root, found exit code ${code}`);
  return JSON.parse(said) as Rebuild;
}

function recipes(dataDir: string): Readonly<Record<string, () => CargoRecipe>> {
  const netr = JSON.parse(readFileSync(NETR, 'utf8')) as CargoRecipe;
  return {
    'netr-0.1.4': () => decodeRecipe(encodeRecipe(netr)) as CargoRecipe,
    'build-script': () => ({ ...netr, ...buildScriptCrate(join(dataDir, 'source')) }),
  };
}

async function compare(name: string, recipe: CargoRecipe, dataDir: string, cacheDir: string): Promise<boolean> {
  const recipeFile = join(dataDir, 'recipe.json');
  // A source on this machine is in no published recipe, so this is no recipe's canonical form.
  writeFileSync(recipeFile, JSON.stringify(recipe));
  const digests = new Set<string | null>();
  for (const host of HOSTS) {
    const found = await (host === hostPlatform() ? rebuildHere : rebuildThere)(recipeFile, dataDir, cacheDir);
    const { sha256, failure, wallSeconds } = found.run;
    progress(`${name} on ${host}: ${failure ?? sha256!} in ${wallSeconds} s`);
    record({ name, date: new Date().toISOString().slice(0, 10), host, hostTriple: recipe.hostTriple, ...found });
    digests.add(sha256);
  }
  return digests.size === 1 && !digests.has(null);
}

/** Writes results and table. */
function record(build: HostBuild): void {
  const known = existsSync(RESULTS) ? (JSON.parse(readFileSync(RESULTS, 'utf8')) as HostBuild[]) : [];
  const key = ({ name, host, hostTriple }: HostBuild): string => `${name} ${hostTriple ?? '~'} ${host}`;
  const all = [...known.filter((each) => key(each) !== key(build)), build].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  writeFileSync(RESULTS, `${JSON.stringify(all, null, 2)}\n`);
  writeFileSync(TABLE, tableOf(all));
}

function tableOf(builds: readonly HostBuild[]): string {
  const rows = builds.map(({ name, host, hostTriple, dependencies, bytes, run }) =>
    [
      ...[name, dependencies, hostTriple === null ? 'its own' : `\`${hostTriple}\``, host === hostPlatform() ? host : `${host}, emulated`],
      ...[`${run.fetchSeconds} s`, `${run.wallSeconds} s`, `${run.cpuSeconds} s`],
      ...[run.peakMebibytes === null ? '' : `${run.peakMebibytes} MiB`, bytes ?? '', run.failure ?? `\`${run.sha256!}\``],
    ].join(' | '),
  );
  return [
    '# Crates for arm64, rebuilt on two kinds of host',
    '',
    'By `test/recorded/rust-hosts.ts`, on a machine with two shared cores: wall times are upper bounds. Target `aarch64-unknown-linux-gnu`, unstripped;',
    'Rust, cargo and C tools are the packages of Debian 12 for each host that the recipe pins. Their digests are in `rust-hosts.json`.',
    '',
    '| crate | locked crates | host that rustc names | host | fetch | build: wall | CPU | peak memory | bytes | sha256 |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
    '',
    '`build-script` is a program of a few lines (`_build-script-crate.ts`) above bitflags 1.2.1, which has a build script. Where rustc names its own host,',
    'the digests differ: cargo hashes that line into crates above a build script, and before 1.81 into all crates (Debian 12 has 1.65, packaged as 0.66).',
    'With the host that the recipe names (`hostTriple`) they must be the same. The arm64 root has no cargo of its own that could download: its crates come',
    'from the cache, which the build on linux/amd64 has filled, and its Debian packages through apt.',
    '',
  ].join('\n');
}

async function compareAll(dataDir: string, cacheDir: string): Promise<boolean> {
  for (const folder of [dataDir, cacheDir]) mkdirSync(folder, { recursive: true });
  const known = recipes(dataDir);
  const names = positionals.length === 0 ? Object.keys(known) : positionals;
  const unknown = names.find((name) => !Object.hasOwn(known, name));
  if (unknown !== undefined) throw new Error(`expected ${Object.keys(known).join(' or ')}, found ${unknown}`);
  let same = true;
  for (const name of names) {
    const recipe = known[name]!();
    same = (await compare(name, recipe, dataDir, cacheDir)) && same;
    if (values.control === true) await compare(name, { ...recipe, hostTriple: null }, dataDir, cacheDir);
  }
  return same;
}

const dataDir = resolve(values.data ?? mkdtempSync(join(tmpdir(), 'verbatim-rust-hosts-')));
const cacheDir = resolve(values.cache ?? join(dataDir, 'cache'));
if (values.here !== undefined) {
  process.stdout.write(JSON.stringify(await rebuildHere(values.here, dataDir, cacheDir)));
} else {
  try {
    process.exitCode = (await compareAll(dataDir, cacheDir)) ? 0 : 1;
  } finally {
    if (values.data === undefined) rmSync(dataDir, { recursive: true, force: true });
  }
}
