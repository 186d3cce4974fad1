/** An HTTP/1.1 listener around a hono app: timeouts against slow clients, a bounded graceful close. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';

export interface ServeOptions {
  host: string;
  /** 0 lets the system choose. */
  port: number;
  /** When it aborts, the listener closes gracefully. */
  signal?: AbortSignal;
  /** Milliseconds until a request's headers must have arrived (10 s). */
  headersTimeoutMs?: number;
  /** Milliseconds until a whole request must have arrived (30 s). */
  requestTimeoutMs?: number;
  /** Milliseconds without a byte in either direction (60 s). */
  idleTimeoutMs?: number;
  /** Milliseconds that requests in flight get to finish on close (15 s). */
  closeTimeoutMs?: number;
  /** Connections at a time; more are dropped (4,096). */
  maxConnections?: number;
}

export interface RunningServer extends AsyncDisposable {
  /** What it really listens on, without a trailing slash. An unspecified host is given as the loopback. */
  readonly url: string;
  readonly port: number;
  /** Stop accepting, let requests in flight finish, then cut. Idempotent. */
  close(): Promise<void>;
}

/** Bytes of request line and headers. */
const MAX_HEADER_BYTES = 16 * 1024;

/** Listen and serve. Rejects when the address cannot be bound. */
export async function serve(app: { fetch: (request: Request, env: never) => unknown }, options: ServeOptions): Promise<RunningServer> {
  const { host, port, signal } = options;
  signal?.throwIfAborted();
  const server = createAdaptorServer({
    fetch: app.fetch as (request: Request) => unknown,
    serverOptions: {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: options.headersTimeoutMs ?? 10_000,
      requestTimeout: options.requestTimeoutMs ?? 30_000,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 500,
    },
  }) as Server;
  server.timeout = options.idleTimeoutMs ?? 60_000;
  server.maxConnections = options.maxConnections ?? 4096;
  await listen(server, host, port);
  const address = server.address() as AddressInfo;

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= closeGracefully(server, options.closeTimeoutMs ?? 15_000));
  signal?.addEventListener('abort', () => void close(), { once: true });
  return { url: urlOf(host, address.port), port: address.port, close, [Symbol.asyncDispose]: close };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new Error(`cannot listen on ${host} port ${port}: ${cause.message}; choose another port or stop what uses it`, { cause }));
    });
    server.listen(port, host, resolve);
  });
}

function closeGracefully(server: Server, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    // Node leaves kept-alive connections open after their last response: sweep them until all are gone.
    const sweep = setInterval(() => server.closeIdleConnections(), 25);
    const cut = setTimeout(() => server.closeAllConnections(), timeoutMs);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(cut);
      resolve();
    });
  });
}

function urlOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
