/** Request bodies with a hard cap in bytes and in time. */
import type { IncomingMessage } from 'node:http';
import type { Context } from 'hono';
import { ProblemError } from './problem.ts';

/** Milliseconds until the whole body must have arrived. */
const BODY_TIMEOUT_MS = 10_000;

/**
 * The body's bytes, at most `max` of them. Throws ProblemError: 413 `too-large` (as soon as it is known), 408 `too-slow`,
 * 415 `unsupported-encoding` for compressed bodies, 400 `incomplete-body` when the client went away.
 */
export async function bodyLimited(c: Context, max: number, { timeoutMs = BODY_TIMEOUT_MS } = {}): Promise<Uint8Array> {
  const encoding = c.req.header('content-encoding');
  if (encoding !== undefined && encoding !== 'identity') {
    throw refuse(415, 'unsupported-encoding', 'Unsupported content encoding', 'expected a body without Content-Encoding; send it plain');
  }
  // Node's parser has checked that it is a decimal, and that it is not sent along with Transfer-Encoding.
  if (Number(c.req.header('content-length') ?? 0) > max) throw tooLarge(max);
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(tooSlow(timeoutMs)), timeoutMs);
  const collector = new Collector(max);
  // Node's own stream where there is one: a web stream around it costs more than a signature check.
  const incoming = (c.env as { incoming?: IncomingMessage } | undefined)?.incoming;
  const reading = incoming === undefined ? readWeb(c.req.raw.body, collector, late.promise) : readNode(incoming, collector, late.promise);
  try {
    return await reading;
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw refuse(400, 'incomplete-body', 'Incomplete body', 'the request ended before its body did', error);
  } finally {
    clearTimeout(timer);
  }
}

/** Gathers chunks; throws as soon as they are too many. */
class Collector {
  readonly #max: number;
  readonly #chunks: Uint8Array[] = [];
  #size = 0;

  constructor(max: number) {
    this.#max = max;
  }

  add(chunk: Uint8Array): void {
    this.#size += chunk.length;
    if (this.#size > this.#max) throw tooLarge(this.#max);
    this.#chunks.push(chunk);
  }

  bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#chunks, this.#size));
  }
}

async function readNode(incoming: IncomingMessage, collector: Collector, late: Promise<never>): Promise<Uint8Array> {
  const ended = Promise.withResolvers<void>();
  const onData = (chunk: Buffer): void => {
    try {
      collector.add(chunk);
    } catch (error) {
      ended.reject(error);
    }
  };
  const onClose = (): void => ended.reject(new Error('the connection closed'));
  incoming.on('data', onData).on('end', ended.resolve).on('error', ended.reject).on('close', onClose);
  try {
    await Promise.race([ended.promise, late]);
    return collector.bytes();
  } finally {
    // What is left unread is the HTTP adapter's: it drains a little, then cuts the connection.
    incoming.off('data', onData).off('end', ended.resolve).off('error', ended.reject).off('close', onClose);
  }
}

async function readWeb(body: ReadableStream<Uint8Array> | null, collector: Collector, late: Promise<never>): Promise<Uint8Array> {
  if (body === null) return collector.bytes();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), late]);
      if (done) return collector.bytes();
      collector.add(value);
    }
  } catch (error) {
    void reader.cancel(error).catch(() => {});
    throw error;
  }
}

function tooLarge(max: number): ProblemError {
  return refuse(413, 'too-large', 'Body too large', `expected a body of at most ${max} bytes, found more`);
}

function tooSlow(timeoutMs: number): ProblemError {
  return refuse(408, 'too-slow', 'Body too slow', `expected the whole body within ${timeoutMs} ms`);
}

function refuse(status: number, code: string, title: string, detail: string, cause?: unknown): ProblemError {
  // The rest of the body is still on the way: this connection cannot be used again.
  return new ProblemError({ status, code, title, detail, headers: { connection: 'close' } }, { cause });
}
