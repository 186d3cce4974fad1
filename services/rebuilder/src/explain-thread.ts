/**
 * A thread of the worker's that explains: comparing large files takes many seconds at a stretch, and the worker must go on saying that it lives.
 */
import { explainFiles, type FileExplanation } from '@verbatim/binaries/archives';
import { whatIfs, type ExplainContext, type OwnRebuild, type WhatIf } from '@verbatim/binaries';
import type { Recipe } from '@verbatim/statements';
import { sha256, toHex } from '@verbatim/tlog';
import { open } from 'node:fs/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { FileFacts } from './difference-blob.ts';

export interface ExplainJob {
  /** Paths. */
  readonly published: string;
  readonly rebuilt: string;
  readonly own: readonly { readonly path: string; readonly varied: OwnRebuild['varied']; readonly settings: readonly string[] }[];
  readonly recipe: Recipe;
  readonly artifact: string;
  readonly context: Omit<ExplainContext, 'rebuilds'>;
}

export interface ThreadAnswer {
  readonly published: FileFacts;
  readonly rebuilt: FileFacts;
  readonly own: readonly FileFacts[];
  readonly explanation: FileExplanation;
  /** The build that would prove the cause; null when there is none. */
  readonly whatIf: WhatIf | null;
}

/** Of one file: what is compared in parts (binaries, explain). All of them are in memory at once. */
export const MAX_EXPLAINED_BYTES = 512 * 1024 * 1024;

/** @throws Error when a file is too large or cannot be read; the signal's reason when aborted */
export async function explainInThread(job: ExplainJob, signal: AbortSignal | undefined): Promise<ThreadAnswer> {
  signal?.throwIfAborted();
  const thread = new Worker(new URL(import.meta.url), { workerData: job });
  const onAbort = (): void => void thread.terminate();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await new Promise<ThreadAnswer>((resolve, reject) => {
      thread.once('message', resolve);
      thread.once('error', reject);
      thread.once('exit', () =>
        reject(signal?.aborted === true ? (signal.reason as Error) : new Error('the explaining thread ended without an answer')),
      );
    });
  } finally {
    signal?.removeEventListener('abort', onAbort);
    await thread.terminate();
  }
}

async function explainHere({ published, rebuilt, own, recipe, artifact, context }: ExplainJob): Promise<ThreadAnswer> {
  const [theirs, ours] = [await readLimited(published), await readLimited(rebuilt)];
  const rebuilds: OwnRebuild[] = [];
  for (const { path, varied, settings } of own) rebuilds.push({ bytes: await readLimited(path), varied, settings });
  const explanation = await explainFiles(theirs, ours, { ...context, rebuilds });
  const [whatIf = null] = whatIfs(recipe, artifact, theirs, explanation);
  return { published: factsOf(theirs), rebuilt: factsOf(ours), own: rebuilds.map(({ bytes }) => factsOf(bytes)), explanation, whatIf };
}

async function readLimited(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > MAX_EXPLAINED_BYTES) throw new Error(`files of at most ${MAX_EXPLAINED_BYTES} bytes are explained, found ${size}`);
    return new Uint8Array(await file.readFile());
  } finally {
    await file.close();
  }
}

const factsOf = (bytes: Uint8Array): FileFacts => ({ sha256: toHex(sha256(bytes)), size: bytes.length });

if (!isMainThread && parentPort !== null) parentPort.postMessage(await explainHere(workerData as ExplainJob));
