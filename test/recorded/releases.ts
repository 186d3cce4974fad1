/**
 * Real releases through the product, on one machine: a log, a witness, rebuilder nodes, the client. Takes minutes to hours, so it is no part
 * of `npm test`. Each release's recipe is data in deploy/local/releases.
 *
 * node test/recorded/releases.ts [--nodes N] [--arm64] [--only ARTIFACT] [--again] [--data FOLDER] [--cache FOLDER] NAME…
 *
 * Updates releases.json (releases-arm64.json with --arm64) beside this file, release by release, and writes releases.md from it. Exit code 0 when every file got the verdict
 * `reproduced`.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ARM64_NODE, NODES, makeArm64Root, mustVerbatim, startNetwork, verbatim, watchObservations, type Network } from '@verbatim/local';
import { knownReleases, registerPublished, type PublishedRelease } from './_published.ts';
import { table, type FileResult, type Observation, type ReleaseResult, type Results } from './_table.ts';

const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    nodes: { type: 'string', default: '1' },
    /** One more node, in an arm64 root; verdicts then need both architectures. */
    arm64: { type: 'boolean', default: false },
    /** One file of each release, where the others would take too long. */
    only: { type: 'string' },
    /** Every artifact a second time, with what the caches hold now. */
    again: { type: 'boolean', default: false },
    data: { type: 'string' },
    cache: { type: 'string' },
  },
});
const ECOSYSTEMS = ['npm', 'pypi', 'golang', 'deb'];
const NAME = values.arm64 ? 'releases-arm64' : 'releases';
const RESULTS = new URL(`${NAME}.json`, import.meta.url);
const TABLE = new URL(`${NAME}.md`, import.meta.url);
const HOURS = 3;

const dataDir = values.data ?? mkdtempSync(join(tmpdir(), 'verbatim-releases-'));
mkdirSync(dataDir, { recursive: true });
const cacheDir = values.cache ?? join(dataDir, 'cache');
const progress = (line: string): void => console.error(`${new Date().toISOString().slice(11, 19)} ${line}`);

async function main(): Promise<boolean> {
  const nodes = NODES.slice(0, Number.parseInt(values.nodes, 10));
  if (values.arm64) {
    await makeArm64Root();
    nodes.push(ARM64_NODE);
  }
  await using network = await startNetwork(dataDir, cacheDir, progress, { nodes, ecosystems: ECOSYSTEMS });
  await network.startNodes();
  let reproduced = true;
  for (const name of names) {
    const result = await rebuild(name, network);
    record(result, values.arm64 ? null : await knownReleases());
    progress(`${name}: ${result.files.map(({ name: file, verdict }) => `${file} ${verdict}`).join(', ')}`);
    reproduced &&= result.files.every(({ verdict }) => verdict === 'reproduced');
  }
  return reproduced;
}

async function rebuild(name: string, network: Network): Promise<ReleaseResult> {
  const registrar = { policy: network.policy, key: (type: string) => network.registrarKey(type), dataDir, only: values.only };
  const release = await registerPublished(name, registrar, progress);
  const observations = await observed(release, network, 1);
  if (values.again) {
    for (const node of network.nodeNames.values()) {
      for (const { name: artifact } of release.artifacts) {
        const which = ['--socket', join(dataDir, node, 'control.sock'), '--release', String(release.index), '--artifact', artifact];
        await mustVerbatim(['rebuilder', 'requeue', ...which, '--attempt', '2']);
      }
    }
    observations.push(...(await observed(release, network, 2)));
  }
  const files: FileResult[] = [];
  for (const { name: artifact, file, member } of release.artifacts) {
    if (file === null) continue;
    const judged = await judge(release, { name: artifact, file, member }, network.policy);
    files.push(judged);
    if (file.endsWith('.deb'))
      files.push(await judgeInstalled(release, { name: artifact, file, member: null }, judged.sha256, network.policy));
  }
  return { name, purl: release.purl, observations, files, caches: { mebibytes: mebibytesIn(cacheDir) } };
}

/** Every node's observations of one attempt, each with what its build log says that the build took. */
async function observed({ purl, index, artifacts }: PublishedRelease, network: Network, attempt: number): Promise<Observation[]> {
  const waitingFor = new Set([...network.nodeNames.keys()].flatMap((node) => artifacts.map(({ name }) => `${node} ${name}`)));
  const found: Observation[] = [];
  const watch = async (): Promise<void> => {
    for await (const seen of watchObservations(network.log.url, purl, AbortSignal.timeout(HOURS * 3_600_000))) {
      if (seen.release !== index || seen.attempt !== attempt) continue;
      const { node, ...observation } = await detailsOf(seen, network);
      progress(`${observation.artifact}: ${observation.result} after ${observation.seconds} s`);
      found.push(observation);
      waitingFor.delete(`${node} ${observation.artifact}`);
      if (waitingFor.size === 0) return;
    }
  };
  await Promise.race([watch(), network.broken]);
  return found;
}

type Seen = ReturnType<typeof watchObservations> extends AsyncGenerator<infer T> ? T : never;

async function detailsOf(seen: Seen, network: Network): Promise<Observation & { readonly node: string }> {
  const { rebuilder, artifact, attempt, result, reason, host, seconds, toolchain, vcs, digests, buildLog } = seen;
  const log = buildLog === null ? '' : await (await fetch(`${network.log.url}/blobs/${buildLog}`)).text();
  const took = /build took ([\d.]+) s, ([\d.]+) s of CPU time(?:, (\d+) MiB)?/.exec(log);
  const build =
    took === null
      ? null
      : { wallSeconds: Number(took[1]), cpuSeconds: Number(took[2]), peakMebibytes: took[3] === undefined ? null : Number(took[3]) };
  return { node: rebuilder, artifact, attempt, result, reason, host, seconds, build, toolchain, vcs, digests };
}

interface Published {
  readonly name: string;
  readonly file: string;
  readonly member: string | null;
}

async function judge(release: PublishedRelease, { name, file, member }: Published, policy: string): Promise<FileResult> {
  const which = member === null ? [] : ['--member', member];
  const { stdout, exitCode } = await verbatim(['verify', '--json', '--policy', policy, '--release', release.purl, ...which, file]);
  const { results } = JSON.parse(stdout) as { results: { sha256: string; verdict: string; members: Member[] | null }[] };
  const whole = results[0]!;
  const inside = whole.members?.find(({ path }) => path === member);
  return { name, sha256: inside?.sha256 ?? whole.sha256, verdict: inside?.state ?? whole.verdict, exitCode };
}

/** A program as the package installs it, without the package. */
async function judgeInstalled(
  release: PublishedRelease,
  { name, file }: Published,
  container: string,
  policy: string,
): Promise<FileResult> {
  const folder = mkdtempSync(join(tmpdir(), 'verbatim-installed-'));
  try {
    execFileSync('dpkg-deb', ['--extract', file, folder]);
    const [program] = readdirSync(join(folder, 'usr/bin')) as [string];
    const path = `usr/bin/${program}`;
    const which = ['--release', release.purl, '--member-of', container, '--member', path];
    const { stdout, exitCode } = await verbatim(['verify', '--json', '--policy', policy, ...which, join(folder, path)]);
    const [result] = (JSON.parse(stdout) as { results: { sha256: string; verdict: string }[] }).results;
    return { name: `${name}: ${path}`, sha256: result!.sha256, verdict: result!.verdict, exitCode };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Member {
  readonly path: string;
  readonly state: string;
  readonly sha256: string;
}

function mebibytesIn(folder: string): Record<string, number> {
  // Which of them there are, the kinds of the recipes decide.
  const found = ['toolchains', 'modules', 'files', 'sumdb'].map((each) => join(folder, each)).filter((each) => existsSync(each));
  const sizes = execFileSync('du', ['-sm', '--', ...found], { encoding: 'utf8' });
  return Object.fromEntries([...sizes.matchAll(/^(\d+)\t.*\/([a-z]+)$/gm)].map(([, size, name]) => [name!, Number(size)]));
}

function record(result: ReleaseResult, known: readonly string[] | null): void {
  let results: Results = { machine: '', date: '', releases: [] };
  try {
    results = JSON.parse(readFileSync(RESULTS, 'utf8')) as Results;
  } catch {
    // The first one.
  }
  const machine = `${cpus().length} cores, ${process.platform}/${process.arch}, Node ${process.versions.node}, shared with other work`;
  const date = new Date().toISOString().slice(0, 10);
  const releases = [...results.releases.filter(({ name }) => name !== result.name), result];
  const updated = { machine, date, releases };
  writeFileSync(RESULTS, `${JSON.stringify(updated, null, 2)}\n`);
  writeFileSync(TABLE, table(updated, `node test/recorded/releases.ts${values.arm64 ? ' --arm64' : ''}`, known));
}

const ok = await main();
if (values.data === undefined) rmSync(dataDir, { recursive: true, force: true });
process.exitCode = ok ? 0 : 1;
