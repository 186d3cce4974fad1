/**
 * Published Debian packages through fetch stage, sandbox and explanation: each is received through apt, its recipe is read off apt's lists and
 * the package itself, and it is rebuilt. Takes minutes to hours, so it is no part of `npm test`.
 *
 * node test/recorded/debian.ts [--data FOLDER] [--cache FOLDER] PURL…
 *
 * PURL is pkg:deb/debian/NAME@VERSION?arch=ARCHITECTURE&distro=SUITE. Updates debian.json beside this file, package by package, and writes
 * debian.md from it. Exit code 0 when every package came out as published.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { allCauses, explainFiles } from '@verbatim/binaries/archives';
import {
  build,
  detectSandbox,
  digestOutput,
  fetchInputs,
  hostPlatform,
  inferDebianRecipe,
  limitsOf,
  planBuild,
  receiveArtifact,
  type BuildRequest,
} from '@verbatim/builder';
import { debianCompilers, encodeRecipe, parsePurl, recipeDigest, type DebianRecipe } from '@verbatim/statements';
import { gccBefore, withGccString } from './_gcc-string.ts';

interface Result {
  readonly purl: string;
  readonly date: string;
  readonly host: string;
  readonly recipe: { readonly sha256: string; readonly bytes: number; readonly packages: number };
  readonly compilers: readonly string[];
  readonly published: string;
  readonly observed: string | null;
  /** As an observation would say. */
  readonly result: 'match' | 'differ' | 'build-failed' | 'input-unavailable';
  /** Of a build that failed, or of inputs that cannot be had. */
  readonly detail: string | null;
  /** Why it differs. */
  readonly explanation: { readonly class: string; readonly causes: readonly string[]; readonly members: readonly string[] } | null;
  /** Of a package that differs where Debian updated gcc since: the digest that comes out with the crt objects' version string of before. */
  readonly whatIf: { readonly gcc: string; readonly observed: string | null; readonly published: boolean } | null;
  readonly fetchSeconds: number;
  readonly wallSeconds: number | null;
  readonly cpuSeconds: number | null;
  readonly peakMebibytes: number | null;
}

const RESULTS = new URL('debian.json', import.meta.url);
const TABLE = new URL('debian.md', import.meta.url);
const MIB = 1024 ** 2;
const TIMEOUT = 900_000;

const { values, positionals: purls } = parseArgs({
  allowPositionals: true,
  options: { data: { type: 'string' }, cache: { type: 'string' } },
});
const dataDir = values.data ?? mkdtempSync(join(tmpdir(), 'verbatim-debian-'));
const cacheDir = values.cache ?? join(dataDir, 'cache');
const progress = (line: string): void => console.error(`${new Date().toISOString().slice(11, 19)} ${line}`);
const sandbox = await detectSandbox();

async function rebuild(purl: string): Promise<Result> {
  const { name, version, qualifiers } = parsePurl(purl);
  const { arch, distro } = Object.fromEntries(qualifiers) as { arch: string; distro: string };
  const workDir = join(dataDir, `${name}-${distro}`);
  const privateDir = join(workDir, 'received');
  const zero = { sha256: '0'.repeat(64), sha512: '0'.repeat(128) };
  const received = await receiveArtifact({ coordinate: purl, member: null, claimed: zero, privateDir });
  if (received.kind === 'unavailable') throw new Error(`${purl}: ${received.reason}: ${received.detail}`);
  const published = readFileSync(received.path);
  progress(`${purl}: received ${received.file.sha256}`);
  const target = { name, version: version!, architecture: arch, suites: [distro], mergedUsr: MERGED_USR.has(distro) };
  const recipe = await inferDebianRecipe({ ...target, deb: received.path, cacheDir, timeout: TIMEOUT });
  if (recipe.kind === 'unavailable') throw new Error(`${purl}: ${recipe.reason}: ${recipe.detail}`);
  // As a node does: no build may run beside the published file.
  rmSync(privateDir, { recursive: true });
  const bytes = encodeRecipe(recipe).length;
  const result = {
    purl,
    date: new Date().toISOString().slice(0, 10),
    host: hostPlatform(),
    recipe: { sha256: recipeDigest(recipe), bytes, packages: recipe.root.packages.length },
    compilers: recipe.compilers.map((each) => recipe.root.packages.find((pin) => pin.startsWith(`${each}:`))!.split(' ')[0]!),
    published: received.file.sha256,
  };
  return { ...result, ...(await rebuilt(recipe, published, received.file.sha256, workDir)) };
}

/** Debian's own builders had /usr merged since trixie. */
const MERGED_USR = new Set(['trixie', 'forky', 'sid']);

type Outcome = Omit<Result, 'purl' | 'date' | 'host' | 'recipe' | 'compilers' | 'published'>;

const NOTHING = { observed: null, detail: null, explanation: null, whatIf: null, wallSeconds: null, cpuSeconds: null, peakMebibytes: null };

async function rebuilt(recipe: DebianRecipe, published: Uint8Array, sha256: string, workDir: string): Promise<Outcome> {
  const started = performance.now();
  const fetched = await fetchInputs({ recipe, forbidden: [sha256], cacheDir, workDir, log: progress });
  const fetchSeconds = Math.round((performance.now() - started) / 100) / 10;
  if (fetched.kind === 'unavailable') {
    return { ...NOTHING, result: 'input-unavailable', detail: `${fetched.reason}: ${fetched.detail}`, fetchSeconds };
  }
  await using _inputs = fetched;
  const { artifact } = recipe.outputs[0]!;
  const plan = planBuild(recipe, artifact, { platform: hostPlatform(), cpus: 2 });
  const outDir = join(workDir, 'out');
  const limits = limitsOf({ wallSeconds: 3 * 3600, cpuSeconds: 6 * 3600, memoryBytes: 8 * 1024 * MIB });
  progress(`building ${artifact}`);
  const outcome = await build({ plan, fetched, sandbox, limits, workDir, outDir });
  const { wallSeconds, cpuSeconds, peakMemoryBytes } = outcome.usage;
  const usage = {
    fetchSeconds,
    wallSeconds: Math.round(wallSeconds),
    cpuSeconds: Math.round(cpuSeconds),
    peakMebibytes: peakMemoryBytes === null ? null : Math.round(peakMemoryBytes / MIB),
  };
  if (outcome.kind !== 'built') return { ...NOTHING, result: 'build-failed', detail: `${outcome.reason}: ${outcome.detail}`, ...usage };
  const observed = (await digestOutput(outcome.outputPath, { maxBytes: 1024 * MIB })).sha256;
  if (observed === sha256) return { ...NOTHING, observed, result: 'match', ...usage };
  const toolchains = fetched.toolchains.map(({ name, version }) => `${name} ${version}`);
  const explained = await explainFiles(published, readFileSync(outcome.outputPath), { host: { toolchains } });
  const causes = allCauses(explained).map(({ code, certainty, summary }) => `${code} (${certainty}): ${summary}`);
  const explanation = { class: explained.class, causes: [...new Set(causes)], members: leaves(explained) };
  const whatIf = await gccWhatIf(recipe, sha256, { plan, fetched, sandbox, limits, workDir, outDir });
  return { ...NOTHING, observed, result: 'differ', explanation, whatIf, ...usage };
}

async function gccWhatIf(recipe: DebianRecipe, published: string, request: BuildRequest): Promise<Result['whatIf']> {
  const gcc = debianCompilers(recipe).find(({ name }) => name.startsWith('gcc-'));
  const before = gcc === undefined ? null : gccBefore(gcc.version);
  if (gcc === undefined || before === null) return null;
  const root = join(request.workDir, 'what-if-root');
  withGccString(request.fetched.folders['root']!, root, { now: gcc.version, before });
  progress(`building with the string ${before}`);
  const fetched = { folders: { ...request.fetched.folders, root } };
  const outcome = await build({ ...request, fetched, outDir: join(request.workDir, 'what-if') });
  rmSync(root, { recursive: true });
  const observed = outcome.kind === 'built' ? (await digestOutput(outcome.outputPath, { maxBytes: 1024 * MIB })).sha256 : null;
  return { gcc: `${gcc.name} ${before}`, observed, published: observed === published };
}

/** The innermost members that differ, with the class of each. */
function leaves({ members }: Awaited<ReturnType<typeof explainFiles>>): string[] {
  return members.flatMap(({ path, explanation }) => {
    const inner = explanation === null ? [] : leaves(explanation);
    return inner.length > 0 ? inner : [`${path} ${explanation?.class ?? 'on one side only'}`];
  });
}

function record(result: Result): void {
  let known: Result[] = [];
  try {
    known = JSON.parse(readFileSync(RESULTS, 'utf8')) as Result[];
  } catch {
    // The first one.
  }
  const all = [...known.filter(({ purl }) => purl !== result.purl), result].sort((a, b) => (a.purl < b.purl ? -1 : 1));
  writeFileSync(RESULTS, `${JSON.stringify(all, null, 2)}\n`);
  writeFileSync(TABLE, tableOf(all));
}

function tableOf(results: readonly Result[]): string {
  const seconds = (value: number | null): string => (value === null ? '' : `${value} s`);
  const rows = results.map((each) =>
    [
      `\`${each.purl.slice('pkg:deb/debian/'.length)}\``,
      each.compilers.join(', '),
      each.recipe.packages,
      seconds(each.fetchSeconds),
      seconds(each.wallSeconds),
      seconds(each.cpuSeconds),
      each.peakMebibytes === null ? '' : `${each.peakMebibytes} MiB`,
      each.result,
      `\`${each.published.slice(0, 16)}…\``,
      whyOf(each),
    ]
      .join(' | ')
      .replaceAll('\n', ' '),
  );
  return [
    '# Debian packages rebuilt',
    '',
    'By `test/recorded/debian.ts`, on a machine with two shared cores: wall times are upper bounds. The whole .deb is compared; digests in full are in `debian.json`.',
    '',
    '| package | compilers | packages of the system | fetch | build: wall | CPU | peak memory | result | published | why |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
    '',
  ].join('\n');
}

function whyOf({ explanation, detail, whatIf }: Result): string {
  if (explanation === null) return detail ?? '';
  const why = `${explanation.class}: ${explanation.causes.join('; ')}`;
  if (whatIf === null) return why;
  const came = whatIf.published ? 'the whole package is as published' : 'it differs all the same';
  return `${why}. With the version string of ${whatIf.gcc} in gcc’s crt objects, ${came}`;
}

let same = true;
try {
  for (const purl of purls) {
    const result = await rebuild(purl);
    progress(`${purl}: ${result.result}`);
    record(result);
    same &&= result.result === 'match';
  }
} finally {
  if (values.data === undefined) rmSync(dataDir, { recursive: true, force: true });
}
process.exitCode = same ? 0 : 1;
