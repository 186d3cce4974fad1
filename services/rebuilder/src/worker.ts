/**
 * The worker: one job, then it ends. It fetches and builds through packages/builder, tells the node what came of it, and signs nothing: it is
 * started without the key, in a clean environment, and as another user where the node may choose one.
 */
import {
  build,
  BuilderError,
  detectSandbox,
  escapeText,
  fetchInputs,
  hostPlatform,
  limitsOf,
  planBuild,
  receiveArtifact,
  type Sandbox,
  type Usage,
} from '@verbatim/builder';
import type { WhatIf } from '@verbatim/binaries';
import { decodeRecipe, recipeOutputs, recipeVcs } from '@verbatim/statements';
import { fromBase64 } from '@verbatim/tlog';
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { buildAgain, buildWhatIf, explainDifference, sourceTexts, type FirstBuild } from './worker-differ.ts';
import { BEAT_MS, formatLine, LineSplitter, parseLine, toWorker } from './worker-protocol.ts';
import type {
  AgainRequest,
  BuildRequest,
  ExplainRequest,
  FromWorker,
  ReceiveRequest,
  WorkerFacts,
  WorkerFailure,
  WhatIfRequest,
} from './worker-protocol.ts';

const stop = new AbortController();
const { signal } = stop;
/** After this the sandbox has been taken down, or never will be: the node kills what is left. */
const STOP_MS = 4_500;
const MAX_NOTES = 32;
const MAX_SETTING = 256;

const say = (message: FromWorker): void => void process.stdout.write(formatLine(message));
let sandbox: Sandbox;
let request: ReceiveRequest;
let facts: WorkerFacts = { toolchain: [], sandbox: null };
let busy = false;
/** The build that came to an output. */
let first: FirstBuild | null = null;
/** While the published file is here, no build may run. */
let published = false;
/** What would prove why the two differ. */
let whatIf: WhatIf | null = null;

function end(): void {
  stop.abort(new DOMException('the node ended the job', 'AbortError'));
  if (!busy) process.exit(0);
  setTimeout(() => process.exit(0), STOP_MS).unref();
}

type Failure = Pick<WorkerFailure, 'result' | 'reason'> & Partial<WorkerFailure>;

function fail({ message = '', ...failure }: Failure): void {
  say({ type: 'failed', message: escapeText(message).slice(0, 4000), transient: false, retryAfterMs: null, log: null, facts, ...failure });
}

/** What was had to give up on: nothing of it says anything about the release, and it may go better later. */
function failUnexpected(error: unknown): void {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const { code } = error as NodeJS.ErrnoException;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  const reason = error instanceof BuilderError ? error.code : full ? 'disk-full' : 'worker-error';
  // What this builder cannot do at all it will not learn by trying again.
  const result = reason === 'unsupported-recipe' ? 'skipped' : 'infrastructure';
  fail({ result, reason, message, transient: result === 'infrastructure' });
}

async function receive(job: ReceiveRequest): Promise<void> {
  request = job;
  published = first !== null;
  if (job.artifact === null) return;
  const { coordinate, member, sha256, sha512 } = job.artifact;
  const outcome = await withTimeout(job.limits.fetchMs, 'receive-timeout', (within) =>
    receiveArtifact({
      coordinate,
      member,
      claimed: { sha256, sha512 },
      privateDir: join(job.workDir, 'received'),
      limits: { seconds: Math.ceil(job.limits.fetchMs / 1000) },
      signal: within,
    }),
  );
  if (outcome === null) return;
  if (outcome.kind === 'received') return say({ type: 'received', path: outcome.path });
  failFetch(outcome, null);
}

/** A step with a time limit of its own. Null when it was reported as failed. */
async function withTimeout<T>(milliseconds: number, reason: string, step: (within: AbortSignal) => Promise<T>): Promise<T | null> {
  const deadline = AbortSignal.timeout(milliseconds);
  try {
    return await step(AbortSignal.any([signal, deadline]));
  } catch (error) {
    if (signal.aborted || !deadline.aborted) throw error;
    fail({ result: 'input-unavailable', reason, message: `expected an end within ${milliseconds} ms`, transient: true });
    return null;
  }
}

/** A full disk is this machine's trouble; anything else is about the input. */
function failFetch({ reason, detail, transient }: { reason: string; detail: string; transient: boolean }, log: string | null): void {
  const result = reason === 'host-disk-full' ? 'infrastructure' : 'input-unavailable';
  fail({ result, reason, message: detail, transient, log });
}

async function rebuild({ artifact, recipe: encoded, forbidden }: BuildRequest): Promise<void> {
  const { workDir, cacheDir, limits } = request;
  const recipe = decodeRecipe(fromBase64(encoded));
  if (!recipeOutputs(recipe).includes(artifact)) {
    return fail({ result: 'skipped', reason: 'no-such-output', message: `the recipe builds no ${artifact}` });
  }
  const cpus = Math.max(1, Math.floor(availableParallelism() / limits.slots));
  const plan = planBuild(recipe, artifact, { platform: hostPlatform(), cpus });

  const log = join(workDir, 'log');
  await writeFile(log, '', { mode: 0o600 });
  const lines: string[] = [];
  const fetch = {
    forbidden,
    cacheDir,
    workDir,
    limits: { inputBytes: limits.inputBytes, cacheBytes: limits.cacheBytes, seconds: Math.ceil(limits.fetchMs / 1000) },
    signal,
  };
  const fetched = await withTimeout(limits.fetchMs, 'fetch-timeout', (within) =>
    fetchInputs({ ...fetch, recipe, signal: within, log: (line) => void lines.push(line) }),
  );
  if (fetched === null) return;
  if (fetched.kind === 'unavailable') {
    await appendFile(log, `${[...lines, `${fetched.reason}: ${fetched.detail}`].join('\n')}\n`);
    return failFetch(fetched, log);
  }
  await using stack = new AsyncDisposableStack();
  const inputs = stack.use(fetched);
  const { toolchains, notes } = inputs;
  facts = { ...facts, toolchain: toolchains.map(({ name, version, host, digest }) => ({ name, version, host, digest })) };
  if (inputs.origin !== null) facts = { ...facts, origin: inputs.origin };
  await appendFile(log, `${[...lines, ...notes, ...originNote(recipeVcs(recipe), inputs.origin)].join('\n')}\n`);

  const outDir = join(workDir, 'out');
  facts = { ...facts, sandbox: { executor: sandbox.executor, version: sandbox.version, network: 'none', limits: sandbox.limits } };
  const { memoryBytes, diskBytes, cpuSeconds, processes, logBytes, buildMs } = limits;
  const from = Date.now() / 1000;
  const again = {
    sandbox,
    limits: limitsOf({
      wallSeconds: Math.ceil(buildMs / 1000),
      cpuSeconds,
      memoryBytes,
      processes,
      diskBytes,
      tmpBytes: memoryBytes,
      cpus,
      logBytes,
    }),
    workDir,
    signal,
  };
  const outcome = await build({ ...again, plan, fetched: inputs, outDir });
  await joinLogs(log, join(outDir, 'build.log'));
  await appendFile(log, `${usageNote(outcome.usage)}\n`);
  const known = [...notes, ...originNote(recipeVcs(recipe), inputs.origin)].map((note) => note.slice(0, 1000)).slice(0, MAX_NOTES);
  if (outcome.kind === 'built') {
    // The inputs stay: the node may ask for more.
    const kept = stack.move();
    const owned = { folders: inputs.folders, [Symbol.asyncDispose]: () => kept.disposeAsync() };
    const built = toolchains.map(({ name, version }) => `${name} ${version}`);
    first = { recipe, artifact, cpus, fetch, plan, inputs: owned, request: again, toolchains: built, from, to: Date.now() / 1000 };
    return say({ type: 'built', path: outcome.outputPath, log, facts, notes: known });
  }
  const { kind: result, reason, detail: message } = outcome;
  fail({ result, reason, message, transient: result === 'infrastructure', log });
}

async function again(job: AgainRequest): Promise<void> {
  if (first === null || published) throw new Error('expected a build to repeat, and no published file beside it');
  const { outcome, varied, kept } = await buildAgain(first, job);
  if (outcome.kind === 'built') return say({ type: 'built-again', path: outcome.outputPath, varied: [...varied], kept: [...kept] });
  fail({ result: outcome.kind, reason: outcome.reason, message: outcome.detail });
}

async function explain(job: ExplainRequest): Promise<void> {
  const { path, class: category, whatIf: proof } = await explainDifference(first!, await sourceTexts(first!), job);
  whatIf = proof;
  say({ type: 'explained', path, class: category, whatIf: whatIf?.settings.map((each) => escapeText(each).slice(0, MAX_SETTING)) ?? [] });
}

/** The node has removed the published file, and asks for the build that the last explanation named. */
async function buildToProve({ number }: WhatIfRequest): Promise<void> {
  if (first === null || whatIf === null) throw new Error('expected a build to prove something with');
  published = false;
  const outcome = await buildWhatIf(first, whatIf, number);
  if (outcome.kind === 'built') return say({ type: 'built-again', path: outcome.outputPath, varied: [], kept: [] });
  const result = outcome.kind === 'unavailable' ? 'input-unavailable' : outcome.kind;
  fail({ result, reason: outcome.reason, message: outcome.detail });
}

/** Whether the module proxy agrees with the revision that the binary is stamped with. */
function originNote(vcs: { readonly revision: string } | null, origin: { readonly revision: string } | null): string[] {
  if (vcs === null || origin === null) return [];
  if (origin.revision === vcs.revision) return [`the module proxy names the same revision ${vcs.revision}`];
  return [`the recipe stamps revision ${vcs.revision}, the module proxy names ${origin.revision}`];
}

/** What the build took, for whoever plans the next one. */
function usageNote({ wallSeconds, cpuSeconds, peakMemoryBytes }: Usage): string {
  const memory = peakMemoryBytes === null ? '' : `, ${Math.ceil(peakMemoryBytes / 1024 ** 2)} MiB of memory at most`;
  return `build took ${wallSeconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} s of CPU time${memory}`;
}

/** The build's log comes after what was fetched; it is at most `logBytes` long, and the node cuts again. */
async function joinLogs(log: string, buildLog: string): Promise<void> {
  await appendFile(log, await readFile(buildLog));
  await rm(buildLog);
}

async function start(): Promise<void> {
  sandbox = await detectSandbox();
  say({ type: 'hello', uid: process.getuid!() });
}

const STEPS = { start, receive, build: rebuild, again, explain, 'what-if': buildToProve };

async function handle(line: string): Promise<void> {
  busy = true;
  try {
    const message = parseLine(toWorker, line);
    await STEPS[message.type](message as never);
  } catch (error) {
    if (!signal.aborted) failUnexpected(error);
  }
  busy = false;
  if (signal.aborted) process.exit(0);
}

process.on('SIGTERM', end);
// The node has gone: nobody waits for this any more.
process.stdin.on('end', end);
setInterval(() => say({ type: 'beat' }), BEAT_MS).unref();
process.stdout.on('error', end);

const splitter = new LineSplitter();
let last = Promise.resolve();
for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
  for (const line of splitter.push(chunk)) last = last.then(() => handle(line));
}
