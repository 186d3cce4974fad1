/** The thread that writes tiles and checkpoints: see store/writer-thread.ts. */
import { parentPort } from 'node:worker_threads';
import { replaceFileSync, WriteError, writeImmutableAllSync } from './store/durable-sync.ts';
import type { WriterReply, WriterTask } from './store/writer-thread.ts';

function perform(task: WriterTask): WriterReply {
  try {
    if (task.kind === 'immutable') writeImmutableAllSync(task.files);
    else replaceFileSync(task.file, task.mode);
    return { id: task.id, error: null };
  } catch (error) {
    const { code, path } = error instanceof WriteError ? error : { code: 'unknown-outcome' as const, path: '' };
    return { id: task.id, error: { code, path, message: error instanceof Error ? error.message : String(error) } };
  }
}

parentPort!.on('message', (task: WriterTask) => parentPort!.postMessage(perform(task)));
