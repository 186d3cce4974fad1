/** What a failing disk means: refuse while it is full, stop when its word cannot be trusted any more. */
import Database from 'better-sqlite3';
import { DurableError } from './durable.ts';
import type { Health } from './health.ts';
import { ProblemError } from './problem.ts';

/** After these, what is on disk is unknown; a restart reads it afresh. */
const FATAL = /^SQLITE_(?:IOERR|CORRUPT|NOTADB)/;

export class StorageGuard {
  readonly #fatal: (error: unknown) => never;
  #failure: string | null = null;

  /** `fatal` ends the process. */
  constructor(fatal: (error: unknown) => never) {
    this.#fatal = fatal;
  }

  /** The result of `work`. SQLite's errors: fatal, or ProblemError 503, and SQLite has rolled back. */
  run<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      return this.#refuse(cause);
    }
  }

  /** The same for work that also writes files: a file that was not written is 503, an unknown outcome or other bytes are fatal. */
  async settle<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      return this.#refuse(cause);
    }
  }

  #refuse(cause: unknown): never {
    if (cause instanceof DurableError) {
      if (cause.code !== 'not-written') this.#fatal(cause);
    } else if (!(cause instanceof Database.SqliteError)) throw cause;
    else if (FATAL.test(cause.code)) this.#fatal(cause);
    this.#failure = (cause as { code: string }).code;
    throw new ProblemError(
      {
        status: 503,
        code: 'storage-unavailable',
        title: 'Storage unavailable',
        detail: 'nothing can be recorded at the moment, so nothing is signed; try again later',
        headers: { 'retry-after': '5' },
      },
      { cause },
    );
  }

  /** Something was recorded: whatever was wrong is over. Reads prove nothing. */
  recovered(): void {
    this.#failure = null;
  }

  /** Whether anything has been recorded since the last failure. */
  health(): Health {
    return this.#failure === null ? { ok: true } : { ok: false, detail: `the last request failed with ${this.#failure}` };
  }
}
