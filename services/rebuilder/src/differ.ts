/** What the node does about a `differ` (DESIGN §3.10, §3.11): it has its worker build again and explain. The result stays what it is. */
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
 * does not agree with itself; then receives the published file anew, when no build will run any more, and has the difference explained.
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
  const { worker, buildAgain, receive, claimed, workDir, rebuilt, digest, signal } = input;
  const { limits } = receive;
  const own: ExplainRequest['own'][number][] = [];
  for (const [number, seed] of (buildAgain ? [SEED, null] : []).entries()) {
    worker.send({ type: 'again', number, seed });
    const again = await answer(worker, limits.buildMs, signal);
    if (again.type !== 'built-again') {
      notes.push(`a further build came to nothing: ${said(again)}`);
      break;
    }
    const same = (await digest(again.path)).sha256 === rebuilt.sha256;
    const how = again.varied.length === 0 ? 'with nothing changed' : `with another ${again.varied.join(', ')}`;
    notes.push(`built again ${how}: ${same ? 'the same bytes' : 'other bytes'}`);
    own.push({ path: again.path, varied: again.varied, kept: again.kept });
    if (same) break;
  }

  worker.send(receive);
  const received = await answer(worker, limits.fetchMs, signal);
  if (received.type !== 'received') throw new Error(`the published file could not be received again: ${said(received)}`);
  const mismatch = claimMismatch(claimed, await digest(received.path));
  if (mismatch !== null) throw new Error('the coordinate served another file the second time');

  worker.send({ type: 'explain', published: received.path, rebuilt: rebuilt.path, own });
  const explained = await answer(worker, EXPLAIN_MS, signal);
  if (explained.type !== 'explained') throw new Error(said(explained));
  notes.push(`the difference is ${explained.class}`);
  return readDifference(workDir, explained.path);
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
