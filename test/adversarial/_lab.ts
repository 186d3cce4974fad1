/** Test-only: hostile sources in repositories of their own, fetched and built by the real stages under tight limits. */
import {
  build,
  fetchInputs,
  hostPlatform,
  installedRust,
  limitsOf,
  planBuild,
  type BuildInputs,
  type BuildOutcome,
  type BuildPlan,
  type FetchOutcome,
  type FetchRequest,
  type Limits,
  type Sandbox,
} from '@verbatim/builder';
import type { CargoRecipe, GoRecipe, Recipe } from '@verbatim/statements';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
/** Toolchains are fetched once a machine, as for the main job. */
export const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'verbatim');
const MIB = 1024 ** 2;

/** Small, but for time: what is not about time must come out the same on a machine that is busy. */
const TIGHT: Partial<Limits> = {
  cpuSeconds: 120,
  wallSeconds: 240,
  memoryBytes: 320 * MIB,
  processes: 96,
  diskBytes: 96 * MIB,
  tmpBytes: 16 * MIB,
  cpus: 2,
  logBytes: 64 * 1024,
  outputBytes: 16 * MIB,
};

/** A folder that is gone when the scope is left. Builds of other users may pass through it. */
export function scratchFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'verbatim-hostile-'));
  execFileSync('chmod', ['755', path]);
  return { path, [Symbol.dispose]: () => execFileSync('rm', ['-rf', '--one-file-system', '--', path]) };
}

export interface Commit {
  readonly url: string;
  readonly commit: string;
}

export interface Extras {
  readonly files?: Readonly<Record<string, string | Buffer>>;
  readonly links?: Readonly<Record<string, string>>;
}

const IDENTITY = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@example.com', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@example.com' };

/** git in `folder`, with nobody's configuration and always the same date. */
export function gitIn(folder: string): (args: readonly string[], input?: string) => string {
  const date = { GIT_AUTHOR_DATE: '2025-02-08T03:01:26Z', GIT_COMMITTER_DATE: '2025-02-08T03:01:26Z' };
  const env = { PATH: process.env['PATH'], HOME: '/nowhere', GIT_CONFIG_NOSYSTEM: '1', ...IDENTITY, ...date };
  return (args, input = '') =>
    execFileSync('git', args, { cwd: folder, env, encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'inherit'] }).trim();
}

/** A repository at `work` with the files of `test/adversarial/<source>` and `extras`, in one commit. */
export function commitOf(work: string, source: string, { files = {}, links = {} }: Extras = {}): Commit {
  cpSync(join(HERE, source), work, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(work, path)), { recursive: true });
    writeFileSync(join(work, path), content);
  }
  for (const [path, target] of Object.entries(links)) {
    rmSync(join(work, path), { force: true });
    symlinkSync(target, join(work, path));
  }
  const git = gitIn(work);
  git(['init', '-q', '-b', 'main', '.']);
  git(['add', '--force', '--all']);
  git(['commit', '-q', '--message=hostile']);
  git(['update-server-info']);
  return { url: pathToFileURL(work).href, commit: git(['rev-parse', 'HEAD']) };
}

export const hex = (text: string): string => Buffer.from(text).toString('hex');
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The Rust that is installed here, and how its host is called. */
export async function rustHere() {
  const version = /^rustc (\S+)/.exec(execFileSync('rustc', ['--version'], { encoding: 'utf8' }))![1]!;
  const found = await installedRust(version, []);
  if (found.kind === 'unavailable') throw new Error(found.detail);
  const target = { 'linux/amd64': 'x86_64-unknown-linux-gnu', 'linux/arm64': 'aarch64-unknown-linux-gnu' }[hostPlatform()];
  if (target === undefined) throw new Error(`no Rust triple for ${hostPlatform()}`);
  return { ...found, target };
}
export type Rust = Awaited<ReturnType<typeof rustHere>>;

export function rustRecipe({ url, commit }: Commit, rust: Rust, env: Readonly<Record<string, string>> = {}): CargoRecipe {
  return {
    kind: 'cargo',
    version: 1,
    source: { kind: 'git', url, commit },
    directory: '.',
    lock: null,
    toolchain: { kind: 'dist', version: rust.version, commit: rust.commit, manifest: null, digests: { [rust.host]: rust.digest } },
    c: { kind: 'host' },
    package: 'hostile',
    features: [],
    defaultFeatures: true,
    profile: { name: 'release' },
    rustflags: [],
    remaps: [],
    env,
    sourceDateEpoch: null,
    hostTriple: null,
    strip: null,
    outputs: [{ artifact: 'hostile', target: rust.target, crateType: 'bin', name: 'hostile' }],
  };
}

export function goRecipe({ url, commit }: Commit): GoRecipe {
  const [goos, goarch] = hostPlatform().split('/') as [string, string];
  return {
    kind: 'go',
    version: 1,
    source: { kind: 'git', url, commit },
    toolchain: { version: 'go1.23.5', h1: { 'linux/amd64': 'h1:Te4KCqBgVdpgo5znvhXhoZzvAIVRvPW1aM/m2o80MIM=' } },
    package: '.',
    flags: ['-trimpath', '-buildvcs=false'],
    ldflags: null,
    tags: [],
    env: { CGO_ENABLED: '0' },
    vcs: null,
    outputs: [{ artifact: 'hostile', goos, goarch, env: {} }],
  };
}

export function planOf(recipe: Recipe): BuildPlan {
  return planBuild(recipe, 'hostile', { platform: hostPlatform(), cpus: 2 });
}

/** The fetch stage on a recipe whose source is a repository on disk. */
export function fetchFrom(recipe: Recipe, workDir: string, changes: Partial<FetchRequest> = {}): Promise<FetchOutcome> {
  return fetchInputs({ recipe, forbidden: [], cacheDir: CACHE, workDir, gitProtocols: ['file'], ...changes });
}

export interface Ran {
  readonly outcome: BuildOutcome;
  /** In the words of the table: `built`, or result and reason. */
  readonly reported: string;
  readonly log: string;
  /** Of the output; null when there is none. */
  readonly sha256: string | null;
  /** The folder that the output was copied to. */
  readonly outDir: string;
}

export interface Job {
  readonly plan: BuildPlan;
  readonly fetched: BuildInputs;
  readonly sandbox: Sandbox;
  readonly workDir: string;
  readonly limits?: Partial<Limits>;
  readonly compileCache?: string;
}

/** The build stage, under tight limits. */
export async function runJob({ limits = {}, workDir, ...job }: Job): Promise<Ran> {
  const outDir = join(workDir, 'o');
  const outcome = await build({ ...job, limits: limitsOf({ ...TIGHT, ...limits }), workDir: join(workDir, 'w'), outDir });
  const log = readFileSync(join(outDir, 'build.log'), 'utf8');
  const digest = outcome.kind === 'built' ? sha256(readFileSync(outcome.outputPath)) : null;
  return { outcome, reported: outcome.kind === 'built' ? 'built' : `${outcome.kind}, ${outcome.reason}`, log, sha256: digest, outDir };
}
