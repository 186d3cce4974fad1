import { BuilderError, digestOutput, zipHash1 } from '@verbatim/builder';
import {
  StatementError,
  claimedDigests,
  encodeRecipe,
  recipeOf,
  type Recipe,
  type ReleaseArtifact,
  type ReleaseStatement,
  type Result,
} from '@verbatim/statements';
import { toBase64 } from '@verbatim/tlog';
import { rm } from 'node:fs/promises';
import { isAbsolute, relative } from 'node:path';
import { explainDiffer } from './differ.ts';
import { membersOf } from './members.ts';
import { claimMismatch, resultOf, type Rebuilt } from './observe.ts';
import { readLog } from './work-folders.ts';
import { WorkerError, type WorkerProcess } from './worker-process.ts';
import type { ReceiveRequest, WorkerFacts, WorkerFailure } from './worker-protocol.ts';

/** What one run came to: something to sign, or trouble that says nothing about the release. */
export type RunOutcome =
  | { readonly kind: 'rebuilt'; readonly rebuilt: Rebuilt; readonly recipe: Recipe | null; readonly notes: readonly string[] }
  | {
      readonly kind: 'trouble';
      readonly trouble: Trouble;
      readonly recipe: Recipe | null;
    };

/** Worth another try; `asResult` is what is logged when there are no more tries. */
export interface Trouble {
  readonly asResult: 'infrastructure' | 'input-unavailable';
  readonly reason: string;
  readonly message: string;
  readonly retryAfterMs: number | null;
  /** Where it happened decides who is slowed down: a worker that cannot run slows the node, a registry only its job. */
  readonly where: 'worker' | 'job';
  readonly received: string | null;
  readonly facts: WorkerFacts;
  readonly log: Uint8Array | null;
}

export interface RunInput {
  readonly release: ReleaseStatement;
  readonly artifact: string;
  readonly limits: ReceiveRequest['limits'];
  /** Whether a rebuild that differs is built again, to explain it. */
  readonly buildAgain: boolean;
  readonly workDir: string;
  readonly cacheDir: string;
  /** Blobs of the log by digest; throws when it cannot be had now. */
  readonly getBlob: (sha256: string, maxBytes: number, signal: AbortSignal) => Promise<Uint8Array>;
  readonly startWorker: () => WorkerProcess;
  /** Aborted when the node stops or the lease is lost; `run` then rejects with its reason. */
  readonly signal: AbortSignal;
}

const NO_FACTS: WorkerFacts = { toolchain: [], sandbox: null };
/** Beyond what the builder's own limits need to end a step: after that the worker is taken for hung. */
const SLACK_MS = 180_000;
const MAX_OUTPUT_BYTES = 4 * 1024 ** 3;

/**
 * fetch → build → digest, with a worker process that exists for this run only. The published file is digested here and gone before the
 * build starts; the output is digested here, outside the sandbox and in the process that signs (DESIGN §3.9, §3.10).
 */
export async function run(input: RunInput): Promise<RunOutcome> {
  const loaded = await loadRecipe(input);
  if (loaded.kind !== 'recipe') return loaded;
  const { recipe } = loaded;
  const progress: Progress = { received: null, facts: NO_FACTS };
  await using worker = input.startWorker();
  try {
    return await drive(input, recipe, worker, progress);
  } catch (error) {
    input.signal.throwIfAborted();
    return { kind: 'trouble', trouble: troubleOf(error, progress), recipe };
  }
}

interface Progress {
  received: string | null;
  facts: WorkerFacts;
}

/** Inline, or a blob of the log. That it cannot be had now is trouble; that it is not the release's is an answer. */
async function loadRecipe({ release, getBlob, signal }: RunInput): Promise<{ kind: 'recipe'; recipe: Recipe } | RunOutcome> {
  const { sha256, size, inline } = release.predicate.recipe;
  try {
    const blobs = inline === undefined ? new Map([[sha256, await getBlob(sha256, size, signal)]]) : undefined;
    return { kind: 'recipe', recipe: recipeOf(release, blobs) };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof StatementError) {
      return { kind: 'rebuilt', rebuilt: nothingBuilt('input-unavailable', 'wrong-recipe'), recipe: null, notes: [error.message] };
    }
    const message = `the recipe could not be had: ${messageOf(error)}`;
    const trouble: Trouble = { ...NO_TROUBLE, asResult: 'input-unavailable', reason: 'recipe-unavailable', message };
    return { kind: 'trouble', trouble, recipe: null };
  }
}

async function drive(input: RunInput, recipe: Recipe, worker: WorkerProcess, progress: Progress): Promise<RunOutcome> {
  const { release, artifact, limits, signal } = input;
  const claimed = claimedDigests(release, artifact);
  const answer = async (limitMs: number) => {
    const next = await worker.answer(limitMs + SLACK_MS, signal);
    if (next.type === 'failed' || next.type === 'built') progress.facts = next.facts;
    return next;
  };
  const hello = await answer(0);
  if (hello.type === 'failed') return failed(hello, input, recipe, progress);
  expectType(hello, 'hello');

  const published = release.predicate.artifacts.find(({ name }) => name === artifact);
  const receive: ReceiveRequest = {
    type: 'receive',
    artifact: published === undefined ? null : publishedOf(release, published),
    workDir: input.workDir,
    cacheDir: input.cacheDir,
    limits,
  };
  worker.send(receive);
  if (claimed !== null) {
    const received = await answer(limits.fetchMs);
    if (received.type === 'failed') return failed(received, input, recipe, progress);
    expectType(received, 'received');
    const digests = await digestBelow(input.workDir, received.path);
    progress.received = digests.sha256;
    // The build must not find what it is to be compared with.
    await rm(received.path, { force: true });
    const mismatch = claimMismatch(claimed, digests);
    if (mismatch !== null) {
      const rebuilt = { ...nothingBuilt('input-unavailable', mismatch), received: digests.sha256 };
      return { kind: 'rebuilt', rebuilt, recipe, notes: [] };
    }
  }

  worker.send({ type: 'build', artifact, recipe: toBase64(encodeRecipe(recipe)), forbidden: publishedDigests(release) });
  const built = await answer(limits.fetchMs + limits.buildMs);
  if (built.type === 'failed') return failed(built, input, recipe, progress);
  expectType(built, 'built');
  const { sha256: observed } = await digestBelow(input.workDir, built.path);
  const rebuilt: Rebuilt = {
    result: resultOf(claimed?.sha256 ?? null, observed),
    reason: null,
    received: progress.received,
    observed,
    ...(await h1Of(recipe, built.path)),
    members: await membersOf(recipe, built.path),
    facts: built.facts,
    log: await logOf(built.log, input),
  };
  if (rebuilt.result !== 'differ') return { kind: 'rebuilt', rebuilt, recipe, notes: built.notes };
  const { workDir, buildAgain } = input;
  const digest = (path: string) => digestBelow(workDir, path);
  const output = { path: built.path, sha256: observed };
  const { difference, notes } = await explainDiffer({
    worker,
    buildAgain,
    receive,
    claimed: claimed!,
    workDir,
    rebuilt: output,
    digest,
    signal,
  });
  return { kind: 'rebuilt', rebuilt: { ...rebuilt, difference }, recipe, notes: [...built.notes, ...notes] };
}

function expectType<M extends { type: string }, T extends M['type']>(message: M, type: T): asserts message is Extract<M, { type: T }> {
  if (message.type !== type) throw new WorkerError('worker-protocol', `expected the worker to say ${type}, found ${message.type}`);
}

function publishedOf(release: ReleaseStatement, { name, coordinate, member }: ReleaseArtifact): NonNullable<ReceiveRequest['artifact']> {
  const { sha256, sha512 } = claimedDigests(release, name)!;
  return { name, coordinate, sha256, sha512, member: member ?? null };
}

/** Every file of the release and every container: none of them may be an input of the build, nor a member of one. */
function publishedDigests(release: ReleaseStatement): string[] {
  const containers = release.predicate.artifacts.flatMap(({ member }) => (member === undefined ? [] : [member.container.sha256]));
  return [...new Set([...release.subject.map(({ digest }) => digest.sha256), ...containers])];
}

/** What the checksum database would have for it, too: everything that it has is a module's zip. Nothing for what is none. */
async function h1Of({ kind }: Recipe, path: string): Promise<Pick<Rebuilt, 'h1'>> {
  const h1 = kind === 'go-toolchain' ? await zipHash1(path, { maxBytes: MAX_OUTPUT_BYTES }) : null;
  return h1 === null ? {} : { h1 };
}

/** Digests of a plain file in the work folder; a worker that names another has lost its mind. */
async function digestBelow(workDir: string, path: string): Promise<{ sha256: string; sha512: string }> {
  checkBelow(workDir, path);
  return digestOutput(path, { maxBytes: MAX_OUTPUT_BYTES });
}

function checkBelow(workDir: string, path: string): void {
  const below = relative(workDir, path);
  if (!isAbsolute(path) || below === '' || below.startsWith('..') || isAbsolute(below)) {
    throw new WorkerError('worker-protocol', `expected a file below ${workDir}, found ${path}`);
  }
}

async function logOf(path: string | null, { workDir, limits }: RunInput): Promise<Uint8Array | null> {
  if (path === null) return null;
  checkBelow(workDir, path);
  return readLog(path, limits.logBytes);
}

async function failed(failure: WorkerFailure, input: RunInput, recipe: Recipe, progress: Progress): Promise<RunOutcome> {
  const { result, reason, message, retryAfterMs, facts } = failure;
  const { received } = progress;
  const log = await logOf(failure.log, input);
  // A build that failed or took too long has answered; the rest may be the network, the disk, the machine.
  if (result === 'infrastructure' || (result === 'input-unavailable' && failure.transient)) {
    return { kind: 'trouble', trouble: { asResult: result, reason, message, retryAfterMs, where: 'job', received, facts, log }, recipe };
  }
  return { kind: 'rebuilt', rebuilt: { result, reason, received, observed: null, facts, log }, recipe, notes: [message] };
}

function troubleOf(error: unknown, { received, facts }: Progress): Trouble {
  const known = { ...NO_TROUBLE, message: messageOf(error), received, facts };
  if (error instanceof WorkerError) return { ...known, reason: error.code, where: 'worker' };
  if (error instanceof BuilderError) return { ...known, reason: error.code };
  const { code } = error as NodeJS.ErrnoException;
  return { ...known, reason: code === 'ENOSPC' || code === 'EDQUOT' ? 'disk-full' : 'node-error' };
}

function nothingBuilt(result: Result, reason: string): Rebuilt {
  return { result, reason, received: null, observed: null, facts: NO_FACTS, log: null };
}

const NO_TROUBLE: Trouble = {
  asResult: 'infrastructure',
  reason: 'node-error',
  message: '',
  retryAfterMs: null,
  where: 'job',
  received: null,
  facts: NO_FACTS,
  log: null,
};

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
