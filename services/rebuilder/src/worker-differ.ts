/**
 * What the worker does when the node found that a rebuild differs: it builds again, in other surroundings and unchanged, and explains. Explaining
 * needs the published file, which is received anew for that, after the last build (DESIGN §3.9).
 */
import { build, runDiffoscope, vary, varyHost, type BuildOutcome, type BuildPlan, type BuildRequest, type Varied } from '@verbatim/builder';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { differenceBlob } from './difference-blob.ts';
import { explainInThread } from './explain-thread.ts';
import { readSourceTexts } from './source-texts.ts';
import type { AgainRequest, ExplainRequest } from './worker-protocol.ts';

/** A build that came to an output, and all that it takes to repeat it. */
export interface FirstBuild {
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

/** What the sandbox calls the machine. */
const HOSTNAME = 'build';

/** Reads the files, writes what differs to a file, and returns its path with the class. */
export async function explainDifference(
  first: FirstBuild,
  texts: readonly string[],
  { published, rebuilt, own }: ExplainRequest,
): Promise<{ path: string; class: string }> {
  const { request, plan, toolchains, from, to } = first;
  const { sandbox, workDir, signal } = request;
  const folders = plan.mounts.map((mount) => mount.path);
  const context = { inputs: texts, host: { hostname: HOSTNAME, folders, toolchains, from, to } };
  const answer = await explainInThread({ published, rebuilt, own, context }, signal);
  const { explanation } = answer;
  const unexplained = explanation.class === 'unexplained';
  const diffoscope = unexplained
    ? await runDiffoscope({ published, rebuilt, sandbox, workDir: join(workDir, 'diffoscope'), signal })
    : null;
  const rebuilds = answer.own.map((facts, index) => ({ ...facts, varied: own[index]!.varied, kept: own[index]!.kept }));
  const difference = { published: answer.published, rebuilt: answer.rebuilt, rebuilds, explanation, diffoscope };
  const path = join(workDir, 'difference.json');
  await writeFile(path, differenceBlob(difference), { mode: 0o600 });
  return { path, class: explanation.class };
}

/** The source as text, and the inputs gone: from here on nothing is built. */
export async function closeInputs({ inputs }: FirstBuild): Promise<string[]> {
  const texts = await readSourceTexts(inputs.folders['source']);
  await inputs[Symbol.asyncDispose]();
  return texts;
}
