/**
 * A rebuild in the sandbox against the bare `go build` of the same thing: CPU and wall, alternating, the same toolchain, source and flags.
 *
 *   node test/bench/sandbox.ts            link only, from a warm compile cache each: 10 runs a side
 *   node test/bench/sandbox.ts --cold     everything, from an empty compile cache each: 2 runs a side
 *   --runs N, --cache FOLDER (toolchain and modules; kept), --work FOLDER
 *
 * It first rebuilds esbuild 0.25.0 for linux/amd64 and compares the digest with the one that npm publishes. Figures vary with what else the
 * machine does; the ratio of medians is what to look at.
 */
import {
  build,
  detectSandbox,
  digestOutput,
  fetchInputs,
  hostPlatform,
  limitsOf,
  planBuild,
  type BuildOutcome,
  type BuildPlan,
  type Fetched,
  type Sandbox,
} from '@verbatim/builder';
import { decodeRecipe, encodeRecipe, recipeOutputs, recipeTarget, type Recipe } from '@verbatim/statements';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const PUBLISHED = '98f635ee88526a7d9dd7a82c8a79f341c0247de8aa56d38158c0963892957829';
const RECIPE = new URL('../../deploy/local/releases/esbuild-0.25.0.recipe.json', import.meta.url);
const CPUS = Math.min(2, availableParallelism());
const MAX_OUTPUT = 64 * 1024 ** 2;

interface Sample {
  readonly cpu: number;
  readonly wall: number;
  readonly peak: number | null;
}

const { values } = parseArgs({
  options: { cold: { type: 'boolean', default: false }, runs: { type: 'string' }, cache: { type: 'string' }, work: { type: 'string' } },
});
const runs = Number.parseInt(values.runs ?? (values.cold ? '2' : '10'), 10);
const scratch = values.work ?? mkdtempSync(join(tmpdir(), 'verbatim-bench-'));
const cacheDir = values.cache ?? join(scratch, 'cache');

const recipe: Recipe = decodeRecipe(encodeRecipe(JSON.parse(readFileSync(RECIPE, 'utf8')) as Recipe));
const artifact = recipeOutputs(recipe).find((name) => recipeTarget(recipe, name) === 'linux/amd64')!;
const plan = planBuild(recipe, artifact, { platform: hostPlatform(), cpus: CPUS });

try {
  const sandbox = await detectSandbox();
  const fetchStarted = performance.now();
  const outcome = await fetchInputs({ recipe, forbidden: [PUBLISHED], cacheDir, workDir: scratch, log: (line) => console.error(line) });
  if (outcome.kind === 'unavailable') throw new Error(`inputs: ${outcome.reason}: ${outcome.detail}`);
  await using fetched = outcome;
  console.error(
    `inputs after ${seconds(performance.now() - fetchStarted)}; sandbox ${sandbox.version}, limits by ${sandbox.limits}; load ${loadavg()[0]!.toFixed(1)}`,
  );
  report(await compare(sandbox, fetched));
} finally {
  if (values.work === undefined) rmSync(scratch, { recursive: true, force: true });
}

async function compare(sandbox: Sandbox, fetched: Fetched): Promise<{ bare: Sample[]; sandboxed: Sample[] }> {
  const caches = { bare: join(scratch, 'bare-compiled'), sandboxed: join(scratch, 'sandboxed-compiled') };
  const shim = writeShim(plan);
  const sides = {
    bare: () => bareBuild(fetched, caches.bare, shim),
    sandboxed: () => sandboxedBuild(sandbox, fetched, caches.sandboxed),
  };
  const samples: { bare: Sample[]; sandboxed: Sample[] } = { bare: [], sandboxed: [] };
  if (!values.cold) for (const side of ['bare', 'sandboxed'] as const) await sides[side]();
  for (let run = 0; run < runs; run++) {
    // Alternating, and each side first as often as the other.
    for (const side of run % 2 === 0 ? (['bare', 'sandboxed'] as const) : (['sandboxed', 'bare'] as const)) {
      if (values.cold) rmSync(caches[side], { recursive: true, force: true });
      const sample = await sides[side]();
      samples[side].push(sample);
      console.error(`${side.padEnd(9)} CPU ${sample.cpu.toFixed(2)} s, wall ${sample.wall.toFixed(2)} s`);
    }
  }
  return samples;
}

async function sandboxedBuild(sandbox: Sandbox, fetched: Fetched, compileCache: string): Promise<Sample> {
  const request = {
    plan,
    fetched,
    sandbox,
    limits: limitsOf({ cpus: CPUS }),
    workDir: scratch,
    outDir: join(scratch, 'out'),
    compileCache,
  };
  const before = ownSeconds();
  const started = performance.now();
  const outcome: BuildOutcome = await build(request);
  const own = ownSeconds() - before;
  const wall = (performance.now() - started) / 1000;
  if (outcome.kind !== 'built') throw new Error(`build: ${outcome.kind} ${outcome.reason}: ${outcome.detail}`);
  await expectPublished(outcome.outputPath);
  return { cpu: outcome.usage.cpuSeconds + own, wall, peak: outcome.usage.peakMemoryBytes };
}

/** The same command with the same environment, as this user, on the host's paths. */
async function bareBuild(fetched: Fetched, compileCache: string, shim: string): Promise<Sample> {
  const root = join(scratch, 'bare');
  const source = join(root, 'source');
  rmSync(root, { recursive: true, force: true });
  for (const folder of ['home', 'tmp', 'out']) mkdirSync(join(root, folder), { recursive: true });
  cpSync(fetched.folders['source']!, source, { recursive: true });
  const places: Readonly<Record<string, string>> = {
    '/build/go': fetched.folders['toolchain']!,
    '/build/modules': fetched.folders['modules']!,
    '/build/source': source,
    '/build/cache': compileCache,
    '/build/out': join(root, 'out'),
    '/build/home': join(root, 'home'),
    '/build/bin': shim,
    '/tmp': join(root, 'tmp'),
  };
  const onHost = (text: string): string => {
    const inside = Object.keys(places).find((path) => text === path || text.startsWith(`${path}/`));
    return inside === undefined ? text : places[inside]! + text.slice(inside.length);
  };
  const env = Object.fromEntries(Object.entries(plan.env).map(([name, value]) => [name, onHost(value)]));
  const [program, ...args] = plan.argv.map(onHost);
  const before = ownAndChildren();
  const started = performance.now();
  const { status, stderr } = spawnSync('/usr/bin/env', ['-i', ...Object.entries(env).map((pair) => pair.join('=')), program!, ...args], {
    cwd: source,
  });
  const wall = (performance.now() - started) / 1000;
  if (status !== 0) throw new Error(`bare go build ended with ${status}: ${stderr.toString()}`);
  const cpu = ownAndChildren() - before;
  await expectPublished(onHost(plan.output));
  return { cpu, wall, peak: null };
}

/** CPU seconds of this process and of the children that it waited for (proc(5), stat: utime, stime, cutime, cstime; 100 ticks a second). */
function ownAndChildren(): number {
  const text = readFileSync('/proc/self/stat', 'latin1');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number.parseInt(ticks, 10), 0) / 100;
}

function ownSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** A folder with the plan's own files that stand in PATH: the git that answers for the stamp. */
function writeShim({ files }: BuildPlan): string {
  const folder = join(scratch, 'shim');
  mkdirSync(folder, { recursive: true });
  for (const { path, mode, text } of files) if (path === '/build/bin/git') writeFileSync(join(folder, 'git'), text, { mode });
  return folder;
}

async function expectPublished(path: string): Promise<void> {
  const { sha256 } = await digestOutput(path, { maxBytes: MAX_OUTPUT });
  if (sha256 !== PUBLISHED) throw new Error(`expected sha256 ${PUBLISHED}, which npm publishes, found ${sha256}`);
}

function report({ bare, sandboxed }: { bare: readonly Sample[]; sandboxed: readonly Sample[] }): void {
  const line = (name: string, of: (sample: Sample) => number): string => {
    const [one, other] = [median(bare.map(of)), median(sandboxed.map(of))];
    return `${name}: bare ${one.toFixed(2)} s, sandbox ${other.toFixed(2)} s, ratio ${(other / one).toFixed(2)} (medians of ${bare.length})`;
  };
  console.log(`esbuild 0.25.0 linux/amd64, ${values.cold ? 'cold' : 'warm (link only)'}, ${CPUS} cores, sha256 ${PUBLISHED} every time`);
  console.log(line('CPU ', ({ cpu }) => cpu));
  console.log(line('wall', ({ wall }) => wall));
  const peaks = sandboxed.flatMap(({ peak }) => (peak === null ? [] : [peak]));
  if (peaks.length > 0) console.log(`memory in the sandbox, caches included: ${(Math.max(...peaks) / 1024 ** 2).toFixed(0)} MiB at most`);
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
