/** HTTP: requests as text, `METHOD path`, headers, a blank line and a body, over real sockets to services in this process. */
import { must } from './target.ts';

/** What a service may answer besides an answer: it says so itself, with `Retry-After`. */
const TRYING_LATER = new Set([503]);
const TIMEOUT_MS = 20_000;

/** Sends what can be sent; null for what no HTTP client would. */
async function send(base: string, input: Uint8Array): Promise<Response | null> {
  const text = Buffer.from(input).toString('latin1');
  const end = text.indexOf('\n\n');
  const [line = '', ...lines] = text.slice(0, end === -1 ? undefined : end).split('\n');
  const body = Buffer.from(end === -1 ? '' : text.slice(end + 2), 'latin1');
  const [, method = '', path = ''] = /^(\S+) (\S+)$/.exec(line) ?? [];
  const headers = lines.flatMap((header) => {
    const [, name, value] = /^([\w-]+): (.*)$/.exec(header) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value] as [string, string]];
  });
  let request: Request;
  try {
    request = new Request(`${base}${path}`, { method, headers, body: ['GET', 'HEAD'].includes(method) ? null : body });
  } catch {
    return null;
  }
  if (!request.url.startsWith(`${base}/`)) return null;
  try {
    return await fetch(request, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    // A wrong Content-Length, say: the client itself refuses, or the server closes. A service that hangs is another matter.
    must((error as Error).name !== 'TimeoutError', 'no answer');
    return null;
  }
}

/**
 * True for 2xx. An error must be a problem, an empty answer, or one that is `plain` by its specification; never one that nobody foresaw.
 */
export async function answers(base: string, input: Uint8Array, plain: (status: number) => boolean): Promise<boolean> {
  const response = await send(base, input);
  if (response === null) return false;
  const { status, headers } = response;
  const body = await response.arrayBuffer();
  must(status < 500 || (TRYING_LATER.has(status) && headers.has('retry-after')), `status ${status}`);
  const isProblem = headers.get('content-type') === 'application/problem+json';
  must(status < 400 || isProblem || body.byteLength === 0 || plain(status), `status ${status} with ${headers.get('content-type')}`);
  return response.ok;
}

/** A request of these lines. Bytes above 0x7F are themselves. */
export const ascii = (...lines: readonly string[]): Uint8Array => Buffer.from(lines.join('\n'), 'latin1');
