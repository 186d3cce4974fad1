/** One output of a recipe through fetch stage and sandbox, and what that took. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build, detectSandbox, digestOutput, fetchInputs, hostPlatform, limitsOf, planBuild, type FetchRequest } from '@verbatim/builder';
import { recipeOutputs, type Recipe } from '@verbatim/statements';

export interface Run {
  readonly cores: number;
  readonly fetchSeconds: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakMebibytes: number | null;
  readonly sha256: string | null;
  /** Why there is no digest; null when there is one. */
  readonly failure: string | null;
}

export interface Rebuild {
  readonly run: Run;
  /** Locked crates, for instance. */
  readonly dependencies: number;
  readonly toolchains: readonly string[];
  readonly bytes: number | null;
}

export interface RebuildOptions extends Pick<FetchRequest, 'cacheDir' | 'workDir' | 'gitProtocols'> {
  readonly cores: number;
  readonly hours: number;
}

const MIB = 1024 ** 2;

/** To standard error, with the time. */
export const progress = (line: string): void => console.error(`${new Date().toISOString().slice(11, 19)} ${line}`);

/** Rebuilds the first output. @throws Error when an input cannot be had */
export async function rebuild(recipe: Recipe, { cores, hours, workDir, ...request }: RebuildOptions): Promise<Rebuild> {
  mkdirSync(workDir, { recursive: true });
  const started = performance.now();
  await using fetched = await inputs({ recipe, forbidden: [], workDir, log: progress, ...request });
  const fetchSeconds = Math.round((performance.now() - started) / 100) / 10;
  const [artifact] = recipeOutputs(recipe) as [string];
  const plan = planBuild(recipe, artifact, { platform: hostPlatform(), cpus: cores });
  const limits = limitsOf({ wallSeconds: hours * 3600, cpuSeconds: hours * 3600, memoryBytes: 8 * 1024 * MIB });
  const outcome = await build({ plan, fetched, sandbox: await detectSandbox(), limits, workDir, outDir: join(workDir, 'out') });
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
  const toolchains = fetched.toolchains.map((each) => `${each.name} ${each.version} ${each.digest}`);
  return { run, dependencies: fetched.dependencies.length, toolchains, bytes: digests?.size ?? null };
}

async function inputs(request: FetchRequest) {
  const outcome = await fetchInputs(request);
  if (outcome.kind === 'unavailable') throw new Error(`${outcome.reason}: ${outcome.detail}`);
  return outcome;
}
