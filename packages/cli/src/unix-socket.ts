import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { CliError } from './errors.ts';

const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const TIMEOUT_MS = 10_000;

export interface SocketRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
}

/** Asks a service over HTTP on its Unix socket; returns the JSON answer, indented. Throws CliError `unreachable` or `refused`. */
export async function askSocket(socketPath: string, { method, path, body }: SocketRequest): Promise<string> {
  const payload = body === undefined ? '' : JSON.stringify(body);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = payload === '' ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) };
    const request = httpRequest({ socketPath, method, path, headers, signal: AbortSignal.timeout(TIMEOUT_MS) }, resolve);
    request.on('error', (cause) =>
      reject(new CliError('unreachable', `no answer on the socket ${socketPath}; is the node running?`, { cause })),
    );
    request.end(payload);
  });
  const text = await readText(response);
  const answer = parseJson(text);
  if (response.statusCode !== 200 && response.statusCode !== 202) {
    const { title, detail } = (answer ?? {}) as { title?: unknown; detail?: unknown };
    const words = [title, detail].filter((part) => typeof part === 'string').join(': ');
    throw new CliError('refused', `the node answered ${response.statusCode}${words === '' ? '' : `: ${words}`}`);
  }
  if (answer === undefined) throw new CliError('refused', 'the node answered with something else than JSON');
  return `${JSON.stringify(answer, null, 2)}\n`;
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new CliError('refused', `the node answered more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
