import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
  build,
  detectSandbox,
  digestOutput,
  fetchInputs,
  hostPlatform,
  limitsOf,
  planBuild,
  vary,
  varyHost,
  BuilderError,
  exportInputs,
  type BuildOutcome,
  type Fetched,
  type Sandbox,
  type Varied,
} from '@verbatim/builder';
import type { Recipe } from '@verbatim/statements';
import { CliError } from '../errors.ts';

export type UsedToolchain = Pick<Fetched['toolchains'][number], 'name' | 'version' | 'host' | 'digest'>;

/** What one try of a recipe came to. */
export type Tried =
  | {
      readonly kind: 'built';
      readonly path: string;
      readonly sha256: string;
      readonly usage: BuildOutcome['usage'];
      readonly toolchains: readonly UsedToolchain[];
      /** What was otherwise than usual, and what could not be. */
      readonly surroundings: Pick<Varied, 'varied' | 'kept'>;
    }
  | { readonly kind: 'failed' | 'unavailable'; readonly reason: string; readonly detail: string };

export interface MachineOptions {
  /** Downloads and compiled packages, kept between runs. */
  readonly cacheDir: string;
  /** SHA-256 (hex) of the published file and its container: neither may come among the inputs of its own rebuild. */
  readonly forbidden: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Nothing is asked for: what is not in the cache cannot be had. */
  readonly offline: boolean;
  /** Progress for people. */
  readonly say: (line: string) => void;
}

/**
 * Rebuilds on this machine, one recipe after the other. What recipes share is done once: inputs are fetched again only when another source
 * or toolchain is asked for, and compiled packages are kept, so that a recipe that only links otherwise costs seconds.
 */
export class Machine implements AsyncDisposable {
  readonly #options: MachineOptions;
  readonly #sandbox: Sandbox;
  readonly #root: string;
  #inputs: { readonly key: string; readonly fetched: Fetched } | null = null;
  #count = 0;

  /** @throws BuilderError `tool-missing`, `sandbox-refused` with what to do. */
  static async start(options: MachineOptions): Promise<Machine> {
    const sandbox = await detectSandbox();
    const folder = join(options.cacheDir, 'tmp');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return new Machine(options, sandbox, await mkdtemp(join(folder, 'rebuild.')));
  }

  private constructor(options: MachineOptions, sandbox: Sandbox, root: string) {
    this.#options = options;
    this.#sandbox = sandbox;
    this.#root = root;
  }

  /** Such as `bubblewrap 0.8.0, limits by cgroup-v1`. */
  get sandbox(): string {
    return `${this.#sandbox.executor} ${this.#sandbox.version}, limits by ${this.#sandbox.limits}`;
  }

  /** @param seed of other surroundings (path, zone, cores …); null: the usual ones. @throws the signal's reason when aborted. */
  async try(recipe: Recipe, artifact: string, seed: number | null = null): Promise<Tried> {
    try {
      return await this.#try(recipe, artifact, seed);
    } catch (error) {
      if (error instanceof BuilderError && error.code === 'unsupported-recipe')
        return { kind: 'failed', reason: error.code, detail: error.message };
      throw error;
    }
  }

  async #try(recipe: Recipe, artifact: string, seed: number | null): Promise<Tried> {
    const { signal, say } = this.#options;
    const fetched = await this.#fetch(recipe);
    if (fetched.kind !== 'fetched') return { kind: 'unavailable', reason: fetched.reason, detail: fetched.detail };
    const workDir = join(this.#root, `try-${(this.#count += 1)}`);
    const outDir = join(workDir, 'out');
    const usual = planBuild(recipe, artifact, { platform: hostPlatform(), cpus: availableParallelism() });
    const { plan, ...surroundings } = seed === null ? { plan: usual, varied: [], kept: [] } : vary(usual, { seed, host: varyHost() });
    // Only where nothing of the source runs during the build: what runs could leave something for the next one. A varied build shares nothing.
    const shared = recipe.kind === 'go' && seed === null ? { compileCache: join(this.#root, 'compiled') } : {};
    await mkdir(workDir);
    say(`building ${artifact} for ${plan.target}`);
    const outcome = await build({ plan, fetched, sandbox: this.#sandbox, limits: limitsOf(), workDir, outDir, ...shared, signal });
    if (outcome.kind === 'infrastructure') throw new CliError('file', `the build could not run: ${outcome.reason}: ${outcome.detail}`);
    if (outcome.kind !== 'built') return { kind: 'failed', reason: outcome.reason, detail: outcome.detail };
    const toolchains = fetched.toolchains.map(({ name, version, host, digest }) => ({ name, version, host, digest }));
    const { sha256 } = await digestOutput(outcome.outputPath, { maxBytes: limitsOf().outputBytes });
    return { kind: 'built', path: outcome.outputPath, sha256, usage: outcome.usage, toolchains, surroundings };
  }

  /** Puts what the fetch stage reads for a recipe into a new folder; how many files. @throws BuilderError as `exportInputs` */
  async export(recipe: Recipe, to: string): Promise<number> {
    const { cacheDir, signal } = this.#options;
    const fetched = await this.#fetch(recipe);
    if (fetched.kind !== 'fetched') throw new CliError('file', `no inputs to export: ${fetched.reason}: ${fetched.detail}`);
    return exportInputs({ recipe, fetched, cacheDir, to, signal });
  }

  async #fetch(recipe: Recipe) {
    const { cacheDir, forbidden, environment, signal, say, offline } = this.#options;
    const key = inputsOf(recipe);
    if (this.#inputs?.key === key) return this.#inputs.fetched;
    await this.#inputs?.fetched[Symbol.asyncDispose]();
    this.#inputs = null;
    const workDir = join(this.#root, 'fetch');
    const outcome = await fetchInputs({ recipe, forbidden, cacheDir, workDir, environment, signal, offline, log: say });
    if (outcome.kind === 'fetched') this.#inputs = { key, fetched: outcome };
    return outcome;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inputs?.fetched[Symbol.asyncDispose]();
    await rm(this.#root, { recursive: true, force: true });
  }
}

/** What the fetch stage of a recipe depends on, as one text. */
function inputsOf(recipe: Recipe): string {
  if (recipe.kind !== 'go') return JSON.stringify(recipe);
  const { source, toolchain, mainModule, paths, vcs } = recipe;
  return JSON.stringify([source, toolchain, mainModule, paths, vcs === null]);
}
