/** For tests: a log over real HTTP or in a real folder, honest until told otherwise. */
import type { InMemoryLog } from '@verbatim/testkit';
import { parseVkey, type VerifierKey } from '@verbatim/tlog';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';
import { ClientError } from './errors.ts';

export type Handler = (path: string, request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

export interface TestServer {
  readonly url: string;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
}

/** A server for the time of one test. */
export async function serve(handler: Handler): Promise<TestServer> {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    const path = (request.url ?? '').slice(1);
    asked.push(path);
    void handler(path, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

export function answer(response: ServerResponse, body: Uint8Array | null): void {
  if (body === null) response.writeHead(404).end();
  else response.writeHead(200).end(body);
}

export const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

/** Tiles of the log as it is, its index when it ends with an index root; `override` may answer first. */
export function logHandler(log: InMemoryLog, override: (path: string) => Uint8Array | null | undefined = () => undefined): Handler {
  return (path, _request, response) => {
    const other = override(path);
    if (other !== undefined) return answer(response, other);
    if (path.startsWith('index?')) return answer(response, Buffer.from(log.answerIndex(path.slice('index?'.length))));
    answer(response, log.read(path));
  };
}

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'verbatim-client-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The log's public folder on disk; its file:// address. */
export async function writeLog(files: ReadonlyMap<string, Uint8Array>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  return pathToFileURL(folder).href;
}

export function logKey(log: InMemoryLog): VerifierKey {
  return parseVkey(log.vkey);
}

/** Everything that an iteration gives, or its first `limit` values. */
export async function collect<T>(values: AsyncIterable<T>, limit = Infinity): Promise<T[]> {
  const found: T[] = [];
  for await (const value of values) {
    found.push(value);
    if (found.length >= limit) break;
  }
  return found;
}

/** The code of the `ClientError` that the work ends with. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ClientError) return error.code;
    throw error;
  }
  return 'accepted';
}
