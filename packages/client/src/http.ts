/** One HTTP exchange with limits on time and size. undici is loaded at the first one: offline work never pays for it. */
import type { Dispatcher } from 'undici';
import { ClientError } from './errors.ts';

export interface Exchange {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Longest acceptable answer in bytes, after decompression too. */
  readonly limit: number;
  /** For the whole exchange, however slowly the bytes drip. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  /** Lower-case name to value; the last one when repeated. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Connections to servers; the user's proxy variables are honoured. */
export class HttpClient {
  #agent: Promise<Dispatcher> | null = null;

  /** Any answer is returned, whatever its status; redirects are not followed. Throws `ClientError` 'unreachable', 'timeout' or 'too-large'. */
  async exchange({ method, url, headers, body, limit, timeoutMs, signal }: Exchange): Promise<Answer> {
    const deadline = AbortSignal.timeout(timeoutMs);
    const stop = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
    try {
      this.#agent ??= import('undici').then(({ EnvHttpProxyAgent }) => new EnvHttpProxyAgent({ connect: { timeout: timeoutMs } }));
      const agent = await this.#agent;
      const { origin, pathname, search } = new URL(url);
      const response = await agent.request({
        origin,
        path: pathname + search,
        method,
        headers: { 'accept-encoding': 'gzip, identity', 'user-agent': 'verbatim', ...headers },
        body: body ?? null,
        signal: stop,
      });
      const received = await readBody(response.body, limit, url);
      const flat = flatten(response.headers);
      return { status: response.statusCode, headers: flat, body: await inflate(received, flat['content-encoding'], limit, url) };
    } catch (cause) {
      if (cause instanceof ClientError) throw cause;
      if (signal?.aborted === true) throw signal.reason;
      if (deadline.aborted) throw new ClientError('timeout', `${url}: no complete answer within ${timeoutMs} ms`, { cause });
      throw new ClientError('unreachable', `${url}: ${messageOf(cause)}`, { cause });
    }
  }

  async close(): Promise<void> {
    const agent = await this.#agent;
    this.#agent = null;
    await agent?.destroy();
  }
}

async function readBody(body: AsyncIterable<Uint8Array>, limit: number, url: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop destroys the stream: an endless answer ends here.
  for await (const chunk of body) {
    length += chunk.length;
    if (length > limit) throw tooLarge(url, limit);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks, length));
}

/** C2SP tlog-tiles lets a server compress without being asked. */
async function inflate(body: Uint8Array, encoding: string | undefined, limit: number, url: string): Promise<Uint8Array> {
  if (encoding === undefined || encoding === 'identity') return body;
  if (encoding !== 'gzip') throw new ClientError('malformed', `${url}: expected gzip or no compression, found ${JSON.stringify(encoding)}`);
  const { gunzipSync } = await import('node:zlib');
  try {
    return new Uint8Array(gunzipSync(body, { maxOutputLength: limit }));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(url, limit);
    throw new ClientError('malformed', `${url}: broken gzip`, { cause });
  }
}

function flatten(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), typeof value === 'string' ? value : (value?.at(-1) ?? '')]),
  );
}

function tooLarge(url: string, limit: number): ClientError {
  return new ClientError('too-large', `${url}: expected at most ${limit} bytes, found more`);
}

function messageOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  // A connection that failed on every address says so in `errors` only.
  const inner = cause instanceof AggregateError ? cause.errors.find((error) => error instanceof Error) : undefined;
  return (inner ?? cause).message || ((cause as NodeJS.ErrnoException).code ?? cause.name);
}
