// Test helper: a log in memory behind HTTP, which ends a batch whenever it is asked, and files to download.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { InMemoryLog } from '@verbatim/testkit';

export class LogServer implements AsyncDisposable {
  /** What is served; a test may exchange it for another history. */
  log: InMemoryLog;
  /** Files to download by path, such as `/esbuild`. */
  readonly files = new Map<string, Uint8Array>();
  /** Paths that were asked for. */
  readonly asked: string[] = [];
  /** Whether what was added gets its index root when somebody reads on. */
  seals = true;
  /** Answers in place of the usual ones. */
  answer: ((request: IncomingMessage, response: ServerResponse) => boolean) | null = null;
  readonly #server: Server;

  private constructor(log: InMemoryLog, server: Server) {
    this.log = log;
    this.#server = server;
  }

  static async start(log: InMemoryLog): Promise<LogServer> {
    const server = createServer((request, response) => started.#handle(request, response));
    const started = new LogServer(log, server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return started;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '').slice(1);
    this.asked.push(path);
    if (this.answer?.(request, response)) return;
    const body = this.#body(path);
    response.writeHead(body === null ? 404 : 200);
    response.end(body ?? 'no');
  }

  #body(path: string): string | Uint8Array | null {
    const timestamp = Math.floor(Date.now() / 1000) - 5;
    if (this.seals && (path === 'checkpoint' || path.startsWith('index?'))) this.log.seal();
    if (path.startsWith('index?')) return this.log.answerIndex(path.slice('index?'.length), { timestamp });
    if (path === 'checkpoint') return this.log.checkpoint({ timestamp });
    return this.files.get(`/${path}`) ?? this.log.read(path);
  }
}
