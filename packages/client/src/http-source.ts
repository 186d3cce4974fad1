import { ClientError } from './errors.ts';
import { HttpClient } from './http.ts';
import { type Attempt, retryAfterMs, retrying } from './retry.ts';
import { Semaphore } from './semaphore.ts';
import type { ReadOptions, Source } from './source.ts';

const MAX_CONCURRENT = 8;
/** One attempt; two more fit in the budget. Milliseconds. */
const ATTEMPT_MS = 5000;

/** A log's monitoring prefix on a web server. */
export class HttpSource implements Source {
  readonly location: string;
  readonly hasLookup = true;
  readonly #prefix: string;
  readonly #client = new HttpClient();
  readonly #places = new Semaphore(MAX_CONCURRENT);

  constructor(url: URL) {
    this.location = url.href;
    this.#prefix = url.href.endsWith('/') ? url.href : `${url.href}/`;
  }

  get(path: string, { limit, signal }: ReadOptions): Promise<Uint8Array | null> {
    return this.#places.run(() => retrying((leftMs) => this.#attempt(path, limit, Math.min(ATTEMPT_MS, leftMs), signal), signal));
  }

  async #attempt(path: string, limit: number, timeoutMs: number, signal: AbortSignal | undefined): Promise<Attempt<Uint8Array | null>> {
    const url = this.#prefix + path;
    try {
      const { status, headers, body } = await this.#client.exchange({ method: 'GET', url, limit, timeoutMs, signal });
      if (status === 200) return { done: body };
      if (status === 404 || status === 410) return { done: null };
      const error = new ClientError('bad-status', `${url}: expected status 200, found ${status}`);
      if (status === 429 || status >= 500) return { again: error, afterMs: retryAfterMs(headers['retry-after']) };
      throw error;
    } catch (error) {
      if (error instanceof ClientError && (error.code === 'unreachable' || error.code === 'timeout'))
        return { again: error, afterMs: null };
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}
