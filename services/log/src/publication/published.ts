import type { Note } from '@verbatim/tlog';

/** The checkpoint that everything public is read at (DESIGN §3.6). */
export interface Publication {
  readonly size: bigint;
  /** The note's bytes, cosignatures included. */
  readonly bytes: Uint8Array;
  /** The same as text: every answer to a submission carries it. */
  readonly text: string;
  readonly note: Note;
  /** When it was published, in milliseconds. */
  readonly at: number;
}

/** The process cannot go on; nobody waiting gets an acknowledgement. */
export class LogStoppedError extends Error {
  readonly code = 'log-stopped';
  constructor(cause: unknown) {
    super('the log has stopped: the outcome of a write is unknown, and a restart must repair it first', { cause });
    this.name = 'LogStoppedError';
  }
}

interface Waiter {
  readonly index: bigint;
  readonly deadline: number;
  readonly resolve: (publication: Publication | null) => void;
  readonly reject: (error: Error) => void;
}

/** Holds the published checkpoint and wakes those who wait for an entry to be covered by one. */
export class Published {
  #current: Publication | null = null;
  #waiters: Waiter[] = [];
  #timer: NodeJS.Timeout | null = null;
  #stopped: LogStoppedError | null = null;
  readonly #listeners: (() => void)[] = [];

  /** Null only until the first checkpoint of a new log is published. */
  get current(): Publication | null {
    return this.#current;
  }

  get size(): bigint {
    return this.#current?.size ?? 0n;
  }

  get waiting(): number {
    return this.#waiters.length;
  }

  /** Calls back after each publication, renewed ones included. */
  listen(listener: () => void): void {
    this.#listeners.push(listener);
  }

  set(publication: Publication): void {
    this.#current = publication;
    for (const listener of this.#listeners) listener();
    const ready = this.#waiters.filter((waiter) => waiter.index < publication.size);
    if (ready.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => waiter.index >= publication.size);
    for (const waiter of ready) waiter.resolve(publication);
  }

  /** The first publication that covers entry `index`; null after `timeoutMs` without one. */
  wait(index: bigint, timeoutMs: number): Promise<Publication | null> {
    if (this.#stopped !== null) return Promise.reject(this.#stopped);
    const current = this.#current;
    if (current !== null && index < current.size) return Promise.resolve(current);
    return new Promise((resolve, reject) => {
      this.#waiters.push({ index, deadline: performance.now() + timeoutMs, resolve, reject });
      this.#schedule();
    });
  }

  stop(cause: unknown): void {
    if (this.#stopped !== null) return;
    this.#stopped = new LogStoppedError(cause);
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#stopped);
  }

  /** One timer for all: every waiter waits equally long, so the first in the list is the first to give up. */
  #schedule(): void {
    const first = this.#waiters[0];
    if (this.#timer !== null || first === undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        const now = performance.now();
        const expired = this.#waiters.filter((waiter) => waiter.deadline <= now);
        this.#waiters = this.#waiters.filter((waiter) => waiter.deadline > now);
        for (const waiter of expired) waiter.resolve(null);
        this.#schedule();
      },
      Math.max(first.deadline - performance.now(), 1),
    );
  }
}
