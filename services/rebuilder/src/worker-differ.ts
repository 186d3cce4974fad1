/**
 * What the worker does when the node found that a rebuild differs: it builds again, in other surroundings and unchanged, and explains. Explaining
 * needs the published file, which is received anew for that, after the last build (DESIGN §3.9).
 */
import type { WhatIf } from '@verbatim/binaries';
import {
  build,
  fetchInputs,
  hostPlatform,
  planBuild,
  runDiffoscope,
  vary,
  varyHost,
  type BuildOutcome,
  type BuildPlan,
  type BuildRequest,
  type FetchRequest,
  type Unavailable,
  type Varied,
} from '@verbatim/builder';
import type { Recipe } from '@verbatim/statements';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { differenceBlob } from './difference-blob.ts';
import { explainInThread } from './explain-thread.ts';
import { readSourceTexts } from './source-texts.ts';
import type { AgainRequest, ExplainRequest } from './worker-protocol.ts';

/** A build that came to an output, and all that it takes to repeat it. */
export interface FirstBuild {
  readonly recipe: Recipe;
  readonly artifact: string;
  readonly cpus: number;
  /** How its inputs were asked for. */
  readonly fetch: Omit<FetchRequest, 'recipe'>;
  readonly plan: BuildPlan;
  readonly inputs: BuildRequest['fetched'] & AsyncDisposable;
  readonly request: Omit<BuildRequest, 'plan' | 'fetched' | 'outDir'>;
  /** Each as `name version`. */
  readonly toolchains: readonly string[];
  /** When it ran, in POSIX seconds. */
  readonly from: number;
  readonly to: number;
}

type Again = Pick<Varied, 'varied' | 'kept'> & { readonly outcome: BuildOutcome };

/** The same inputs once more, into a folder of its own. */
export async function buildAgain({ plan, inputs, request }: FirstBuild, { number, seed }: AgainRequest): Promise<Again> {
  const changed = seed === null ? { plan, varied: [], kept: [] } : vary(plan, { seed, host: varyHost() });
  const outDir = join(request.workDir, `out-${number}`);
  const outcome = await build({ ...request, plan: changed.plan, fetched: inputs, outDir });
  return { varied: changed.varied, kept: changed.kept, outcome };
}

/** With other settings, from the same inputs or, where those need another toolchain, from what the cache has. */
export async function buildWhatIf(first: FirstBuild, { recipe, sameInputs }: WhatIf, number: number): Promise<BuildOutcome | Unavailable> {
  const { artifact, cpus, request, fetch } = first;
  const plan = planBuild(recipe, artifact, { platform: hostPlatform(), cpus });
  const outDir = join(request.workDir, `out-${number}`);
  if (sameInputs) return build({ ...request, plan, fetched: first.inputs, outDir });
  await using inputs = await otherInputs({ ...fetch, recipe, workDir: join(request.workDir, 'what-if'), offline: true });
  const { fetched } = inputs;
  return fetched.kind === 'unavailable' ? fetched : await build({ ...request, plan, fetched, outDir });
}

async function otherInputs(request: FetchRequest) {
  await mkdir(request.workDir, { recursive: true });
  const fetched = await fetchInputs(request);
  return { fetched, [Symbol.asyncDispose]: async () => void (fetched.kind === 'fetched' && (await fetched[Symbol.asyncDispose]())) };
}

/** What the sandbox calls the machine. */
const HOSTNAME = 'build';

/** Reads the files, writes what differs to a file, and returns its path with the class. */
export async function explainDifference(
  first: FirstBuild,
  texts: readonly string[],
  { published, rebuilt, own }: ExplainRequest,
): Promise<{ path: string; class: string; whatIf: WhatIf | null }> {
  const { recipe, artifact, request, plan, toolchains, from, to } = first;
  const { sandbox, workDir, signal } = request;
  const folders = plan.mounts.map((mount) => mount.path);
  const context = { inputs: texts, host: { hostname: HOSTNAME, folders, toolchains, from, to } };
  const builds = own.map(({ path, varied, settings }) => ({
    path,
    settings,
    varied: settings.length > 0 ? (['setting'] as const) : varied,
  }));
  const answer = await explainInThread({ published, rebuilt, own: builds, recipe, artifact, context }, signal);
  const { explanation } = answer;
  const unexplained = explanation.class === 'unexplained';
  const diffoscope = unexplained
    ? await runDiffoscope({ published, rebuilt, sandbox, workDir: join(workDir, 'diffoscope'), signal })
    : null;
  const rebuilds = answer.own.map((facts, index) => {
    const { varied, kept, settings } = own[index]!;
    return { ...facts, varied, kept, settings };
  });
  const difference = { published: answer.published, rebuilt: answer.rebuilt, rebuilds, explanation, diffoscope };
  const path = join(workDir, 'difference.json');
  await writeFile(path, differenceBlob(difference), { mode: 0o600 });
  return { path, class: explanation.class, whatIf: answer.whatIf };
}

/** The source as text: what stands there is no value of the build's. */
export function sourceTexts({ inputs }: FirstBuild): Promise<string[]> {
  return readSourceTexts(inputs.folders['source']);
}
