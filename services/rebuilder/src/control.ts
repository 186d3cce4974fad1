import { createAdaptorServer } from '@hono/node-server';
import { bodyLimited, notFound, onError, problem, type Logger } from '@verbatim/service-kit';
import { isRelativePath } from '@verbatim/statements';
import { Hono } from 'hono';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import * as z from 'zod';
import type { RequeueAnswer } from './store/queue.ts';

/** What `status` prints. Times are ISO 8601, sizes and indexes of the log are decimal strings. */
export interface NodeStatus {
  readonly name: string;
  readonly operator: string;
  readonly keyid: string;
  readonly vkey: string;
  readonly host: string;
  /** `separate-user` when the worker runs as a user of its own. */
  readonly worker: 'separate-user' | 'same-user';
  /** `halted`: the log was caught misbehaving, and nothing more is done for it. */
  readonly state: 'starting' | 'running' | 'draining' | 'halted';
  readonly running: number;
  readonly lowDisk: boolean;
  /** Until when no job is started because workers could not run. */
  readonly pausedUntil: string | null;
  readonly queue: { readonly queued: number; readonly leased: number; readonly concluded: number; readonly oldestQueuedAt: string | null };
  readonly outbox: {
    readonly pending: number;
    readonly acknowledged: number;
    readonly refused: number;
    readonly oldestPendingAt: string | null;
  };
  readonly log: {
    readonly origin: string;
    readonly url: string;
    /** The next entry to look at. */
    readonly position: string;
    readonly checkpoint: { readonly size: string; readonly verifiedAt: string } | null;
    /** Why the log cannot be followed just now; null when it can. */
    readonly trouble: string | null;
  };
  /** The newest first. */
  readonly attempts: readonly {
    readonly release: number;
    readonly artifact: string;
    readonly attempt: number;
    readonly result: string;
    readonly reason: string | null;
    readonly state: string;
    readonly index: number | null;
    readonly trouble: string | null;
  }[];
}

export interface ControlActions {
  status(attempts: number): NodeStatus;
  drain(): void;
  requeue(release: bigint, artifact: string, attempt: number | null): RequeueAnswer;
}

const requeueRequest = z.strictObject({
  /** Index of the release entry. */
  release: z.int().min(0),
  artifact: z.string().max(512).refine(isRelativePath, 'expected the name of an artifact'),
  /** Makes the request idempotent for good: nothing is queued when this attempt, or a later one, exists. */
  attempt: z.int().min(1).optional(),
});

const MAX_BODY_BYTES = 4096;
/** `sun_path` has 108 bytes, the last of them NUL (unix(7)). */
const MAX_SOCKET_PATH_BYTES = 107;

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
}

/** The operator's side door: `GET /status`, `POST /drain`, `POST /requeue`. Who may use it is decided by the socket's mode. */
export function controlApp(actions: ControlActions, logger: Logger): Hono {
  const app = new Hono();
  app.onError(onError(logger));
  app.notFound(notFound);
  app.get('/status', (c) => {
    const wanted = c.req.query('attempts') ?? '50';
    const attempts = /^[0-9]{1,4}$/.test(wanted) ? Number(wanted) : 50;
    return c.json(actions.status(attempts));
  });
  app.post('/drain', (c) => {
    actions.drain();
    return c.json(actions.status(0));
  });
  app.post('/requeue', async (c) => {
    const parsed = requeueRequest.safeParse(jsonOf(await bodyLimited(c, MAX_BODY_BYTES)));
    if (!parsed.success) {
      return problem(c, {
        status: 400,
        code: 'malformed-request',
        title: 'The request is not understood',
        detail: `expected {"release": <index>, "artifact": "<name>", "attempt"?: <n>}: ${z.prettifyError(parsed.error)}`,
      });
    }
    const { release, artifact, attempt = null } = parsed.data;
    const answer = actions.requeue(BigInt(release), artifact, attempt);
    if (answer.outcome === 'unknown-job') {
      return problem(c, {
        status: 404,
        code: 'unknown-job',
        title: 'No such job',
        detail: `expected a release entry and artifact that this node has met and subscribes to, found ${release} ${artifact}; see GET /status`,
      });
    }
    return c.json(answer);
  });
  return app;
}

/** Listens on the unix socket at `path`, for its owner alone. A socket that a dead process left is replaced: the data folder is ours. */
export async function serveControl(app: Hono, path: string): Promise<AsyncDisposable> {
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    throw new Error(`${path}: expected a socket path of at most ${MAX_SOCKET_PATH_BYTES} bytes; choose a shorter data_dir`);
  }
  await rm(path, { force: true });
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  const listening = once(server, 'listening');
  // The socket is made during this call, without permissions for others: there is no moment in which they could connect.
  const umask = process.umask(0o177);
  server.listen(path);
  process.umask(umask);
  await listening;
  return {
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
