/** What the node does about a `differ` (DESIGN §3.10, §3.11): it has its worker build again and explain. The result stays what it is. */
import { rm } from 'node:fs/promises';
import { isAbsolute, relative } from 'node:path';
import { claimMismatch } from './observe.ts';
import { readLog } from './work-folders.ts';
import type { WorkerProcess } from './worker-process.ts';
import type { ExplainRequest, FromWorker, ReceiveRequest } from './worker-protocol.ts';

export interface DifferInput {
  readonly worker: WorkerProcess;
  readonly buildAgain: boolean;
  readonly receive: ReceiveRequest;
  /** What the release says of the published file. */
  readonly claimed: { readonly sha256: string; readonly sha512: string };
  readonly workDir: string;
  /** Path and SHA-256 of the output that differs. */
  readonly rebuilt: { readonly path: string; readonly sha256: string };
  /** Digests of a plain file below the work folder; throws for any other. */
  readonly digest: (path: string) => Promise<{ sha256: string; sha512: string }>;
  readonly signal: AbortSignal;
}

export interface Explained {
  /** The evidence; null when there is none, and then the last note says why. */
  readonly difference: Uint8Array | null;
  readonly notes: readonly string[];
}

/** Beyond what the worker's own limits need. */
const SLACK_MS = 180_000;
/** Reading, comparing, and diffoscope with its own five minutes. */
const EXPLAIN_MS = 900_000;
const SEED = 1;

/**
 * Builds again with everything varied; once more unchanged if that gave other bytes, to tell a build that depends on its surroundings from one that
 * does not agree with itself; then receives the published file anew, has the difference explained, and removes it. Where the file claims another
 * setting, builds with that, and if exactly the published bytes come out, has the difference explained by it.
 * Whatever goes wrong costs the explanation, never the observation.
 * @throws only the signal's reason
 */
export async function explainDiffer(input: DifferInput): Promise<Explained> {
  const notes: string[] = [];
  try {
    return { difference: await explain(input, notes), notes };
  } catch (error) {
    input.signal.throwIfAborted();
    return {
      difference: null,
      notes: [...notes, `the difference is not explained: ${error instanceof Error ? error.message : String(error)}`],
    };
  }
}

async function explain(input: DifferInput, notes: string[]): Promise<Uint8Array> {
  const { buildAgain, workDir, claimed } = input;
  const own = buildAgain ? await buildOthers(input, notes) : [];
  const first = await compare(input, own);
  const { whatIf } = first;
  const difference = await readDifference(workDir, first.path);
  notes.push(`the difference is ${first.class}`);
  if (!buildAgain || whatIf.length === 0 || first.class === 'explained' || first.class === 'nondeterministic') return difference;

  const path = await buildToProve(input, own.length, whatIf, notes);
  if (path === null || (await input.digest(path)).sha256 !== claimed.sha256) return difference;
  const proved = await compare(input, [...own, { path, varied: [], kept: [], settings: whatIf }]);
  notes.push(`with ${whatIf.join(', ')} the published bytes come out: the difference is ${proved.class}`);
  return readDifference(workDir, proved.path);
}

type OwnBuild = ExplainRequest['own'][number];

/** The same with everything varied, and perhaps once more unchanged. */
async function buildOthers({ worker, receive: { limits }, rebuilt, digest, signal }: DifferInput, notes: string[]): Promise<OwnBuild[]> {
  const own: OwnBuild[] = [];
  for (const [number, seed] of [SEED, null].entries()) {
    worker.send({ type: 'again', number, seed });
    const again = await answer(worker, limits.buildMs, signal);
    if (again.type !== 'built-again') {
      notes.push(`a further build came to nothing: ${said(again)}`);
      break;
    }
    const same = (await digest(again.path)).sha256 === rebuilt.sha256;
    const how = again.varied.length === 0 ? 'with nothing changed' : `with another ${again.varied.join(', ')}`;
    notes.push(`built again ${how}: ${same ? 'the same bytes' : 'other bytes'}`);
    own.push({ path: again.path, varied: again.varied, kept: again.kept, settings: [] });
    if (same) break;
  }
  return own;
}

/** Receives the published file anew, has the difference explained, and removes the file again: the next build must not find it. */
async function compare({ worker, receive, claimed, rebuilt, digest, signal }: DifferInput, own: OwnBuild[]) {
  worker.send(receive);
  const received = await answer(worker, receive.limits.fetchMs, signal);
  if (received.type !== 'received') throw new Error(`the published file could not be received again: ${said(received)}`);
  const mismatch = claimMismatch(claimed, await digest(received.path));
  if (mismatch !== null) throw new Error('the coordinate served another file the second time');

  worker.send({ type: 'explain', published: received.path, rebuilt: rebuilt.path, own });
  const explained = await answer(worker, EXPLAIN_MS, signal);
  await rm(received.path, { force: true });
  if (explained.type !== 'explained') throw new Error(said(explained));
  return explained;
}

/** A build with what the published file claims: its output, or null when there is none. */
async function buildToProve(
  { worker, receive: { limits }, signal }: DifferInput,
  number: number,
  whatIf: readonly string[],
  notes: string[],
): Promise<string | null> {
  worker.send({ type: 'what-if', number });
  const built = await answer(worker, limits.fetchMs + limits.buildMs, signal);
  if (built.type === 'built-again') return built.path;
  notes.push(`a build with ${whatIf.join(', ')} came to nothing: ${said(built)}`);
  return null;
}

async function answer(worker: WorkerProcess, limitMs: number, signal: AbortSignal): Promise<Exclude<FromWorker, { type: 'beat' }>> {
  return worker.answer(limitMs + SLACK_MS, signal);
}

const said = (message: Exclude<FromWorker, { type: 'beat' }>): string =>
  message.type === 'failed' ? `${message.reason}: ${message.message}` : `the worker said ${message.type}`;

const MAX_DIFFERENCE = 8 * 1024 * 1024;

/** As the worker wrote it; it is evidence for people, and no verdict depends on it. */
async function readDifference(workDir: string, path: string): Promise<Uint8Array> {
  const below = relative(workDir, path);
  if (!isAbsolute(path) || below === '' || below.startsWith('..') || isAbsolute(below)) {
    throw new Error(`expected a file below ${workDir}, found ${path}`);
  }
  const bytes = await readLog(path, MAX_DIFFERENCE);
  // A worker that has lost its mind must not make this node log what nobody can read.
  JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  return bytes;
}
