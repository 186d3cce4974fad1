import { Worker } from 'node:worker_threads';
import { type Durable, DurableError, type DurableErrorCode, durable, type FileToWrite } from '@verbatim/service-kit';

export type WriterTask = { readonly id: number } & (
  | { readonly kind: 'immutable'; readonly files: readonly FileToWrite[] }
  | { readonly kind: 'replace'; readonly file: FileToWrite; readonly mode: number }
);

export interface WriterReply {
  readonly id: number;
  readonly error: { readonly code: DurableErrorCode; readonly path: string; readonly message: string } | null;
}

type Request =
  | { readonly kind: 'immutable'; readonly files: readonly FileToWrite[] }
  | { readonly kind: 'replace'; readonly file: FileToWrite; readonly mode: number };

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: DurableError) => void;
}

/**
 * `Durable` with its two busiest methods on a thread of its own (`worker.ts`), one message a batch; the rest is service-kit's. Errors and their
 * codes are the same. Should the thread end, what was under way has an unknown outcome.
 */
export class WriterThread implements Durable, AsyncDisposable {
  readonly createFile = durable.createFile;
  readonly writeImmutable = durable.writeImmutable;
  readonly makeFolder = durable.makeFolder;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #ended: DurableError | null = null;

  constructor() {
    this.#worker = new Worker(new URL('../worker.ts', import.meta.url), { name: 'writer' });
    this.#worker.unref();
    this.#worker.on('message', ({ id, error }: WriterReply) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) this.#worker.unref();
      if (error === null) waiting?.resolve();
      else waiting?.reject(new DurableError(error.code, error.path, error.message));
    });
    this.#worker.on('error', (error) => this.#end(String(error)));
    this.#worker.on('exit', () => this.#end('it ended'));
  }

  writeImmutableAll(files: readonly FileToWrite[]): Promise<void> {
    return this.#ask({ kind: 'immutable', files });
  }

  writeFile(path: string, bytes: Uint8Array, { mode = 0o644 }: { mode?: number } = {}): Promise<void> {
    return this.#ask({ kind: 'replace', file: { path, bytes }, mode });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  #ask(request: Request): Promise<void> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      // A write under way keeps the process alive.
      if (this.#waiting.size === 0) this.#worker.ref();
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ ...request, id } satisfies WriterTask);
    });
  }

  #end(reason: string): void {
    this.#ended ??= new DurableError('unknown-outcome', '', `the thread that writes files has failed: ${reason}`);
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }
}
