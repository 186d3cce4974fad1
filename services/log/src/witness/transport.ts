import { promisify } from 'node:util';
import { gzip as gzipCallback } from 'node:zlib';
import { Agent } from 'undici';
import type { HttpAnswer } from './answer.ts';
import type { PostAddCheckpoint } from './ask.ts';

const gzip = promisify(gzipCallback);

/** Longest answer that is read (transparency-logs.md §6). Two lines, one of them ML-DSA, are 3.4 kB. */
export const MAX_ANSWER_BYTES = 65_536;

/**
 * `POST <prefix>/…` over HTTP, for one witness or mirror. The whole exchange has one deadline, so a witness that answers a byte a second
 * or never ends costs that time and no more. Redirects are not followed: a witness is where its operator said.
 */
export class WitnessTransport {
  readonly #prefix: string;
  readonly #timeoutMs: number;
  readonly #agent: Agent;

  constructor(prefix: string, timeoutMs: number) {
    this.#prefix = prefix;
    this.#timeoutMs = timeoutMs;
    // One request is in flight at a time.
    this.#agent = new Agent({
      connections: 1,
      pipelining: 1,
      connect: { timeout: timeoutMs },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      maxResponseSize: MAX_ANSWER_BYTES,
    });
  }

  readonly post: PostAddCheckpoint = (body) => this.send('add-checkpoint', body);

  /** Uploads are compressed (C2SP tlog-mirror). */
  async send(path: 'add-checkpoint' | 'add-entries', body: Uint8Array): Promise<HttpAnswer> {
    const url = new URL(`${this.#prefix}/${path}`);
    const upload = path === 'add-entries';
    const type = upload
      ? { 'content-type': 'application/octet-stream', 'content-encoding': 'gzip' }
      : { 'content-type': 'text/plain; charset=utf-8' };
    const response = await this.#agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'POST',
      headers: { ...type, 'user-agent': 'verbatim-log' },
      body: upload ? await gzip(body) : body,
      signal: AbortSignal.timeout(this.#timeoutMs),
    });
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      // maxResponseSize cuts the connection; this keeps the bound ours.
      if (length > MAX_ANSWER_BYTES) {
        response.body.destroy();
        throw new Error(`expected an answer of at most ${MAX_ANSWER_BYTES} bytes; it goes on`);
      }
      chunks.push(chunk);
    }
    const retryAfter = response.headers['retry-after'];
    return {
      status: response.statusCode,
      body: Buffer.concat(chunks).toString('utf8'),
      retryAfter: typeof retryAfter === 'string' ? retryAfter : null,
    };
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}
