/** The mirror over HTTP: C2SP tlog-mirror. Submission and monitoring prefix are both the root. */
import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import {
  MAX_ADD_CHECKPOINT_BYTES,
  answerLines,
  bodyLimited,
  methodNotAllowed,
  notFound,
  problem,
  ProblemError,
  refuseCheckpoint,
  serviceApp,
  type ServiceAppParts,
  type StorageGuard,
} from '@verbatim/service-kit';
import { TileServer } from '@verbatim/service-kit/tree';
import { formatMirrorInfo } from '@verbatim/tlog';
import type { Context, Hono } from 'hono';
import type { CheckpointAnswer } from './answers.ts';
import { originHash } from './log-copy.ts';
import type { Mirror } from './mirror.ts';
import type { MirrorStore } from './store.ts';
import { receiveUpload, type UploadAnswer, type UploadResult } from './upload.ts';

export interface MirrorAppParts extends ServiceAppParts {
  mirror: Mirror;
  store: MirrorStore;
  guard: StorageGuard;
  vkeys: readonly string[];
  uploadMs: number;
  maxUploads: number;
  onCheckpoint?: (answer: CheckpointAnswer) => void;
  onUpload?: (result: UploadResult) => void;
}

export function createMirrorApp(parts: MirrorAppParts): Hono {
  const app = serviceApp(parts, () => describe(parts));

  app.post('/add-checkpoint', addCheckpoint(parts));
  app.all('/add-checkpoint', (c) => methodNotAllowed(c, 'POST'));
  app.post('/add-entries', addEntries(parts));
  app.all('/add-entries', (c) => methodNotAllowed(c, 'POST'));

  const { checkpoint, tile } = reading(parts);
  app.get('/:originHash/checkpoint', checkpoint);
  app.get('/:originHash/tile/*', tile);
  app.options('/:originHash/*', (c) => c.body(null, 204, { ...READABLE, 'access-control-allow-methods': 'GET' }));
  app.all('/:originHash/checkpoint', (c) => methodNotAllowed(c, 'GET, HEAD, OPTIONS'));
  app.all('/:originHash/tile/*', (c) => methodNotAllowed(c, 'GET, HEAD, OPTIONS'));
  return app;
}

/** Anybody's page may read: nothing here depends on who asks. */
const READABLE = { 'access-control-allow-origin': '*' };

function addCheckpoint({ mirror, guard, onCheckpoint }: MirrorAppParts) {
  return async function addCheckpoint(c: Context): Promise<Response> {
    const body = await bodyLimited(c, MAX_ADD_CHECKPOINT_BYTES);
    const answer = guard.run(() => mirror.addCheckpoint(body));
    onCheckpoint?.(answer);
    if (answer.status !== 200) return refuseCheckpoint(c, answer);
    if (answer.recorded) guard.recovered();
    // The mirror's key says "durably stored": it must not sign here (tlog-mirror, "add-checkpoint").
    return answerLines(c, '');
  };
}

function addEntries({ mirror, guard, uploadMs, maxUploads, onUpload }: MirrorAppParts) {
  let running = 0;
  return async function addEntries(c: Context): Promise<Response> {
    if (running >= maxUploads) throw new ProblemError(TOO_MANY_UPLOADS);
    running += 1;
    try {
      const body = uploadBody(c, AbortSignal.timeout(uploadMs));
      const result = await guard.settle(() => receiveUpload(mirror, body));
      onUpload?.(result);
      if (result.answer.status === 200) guard.recovered();
      return answerUpload(c, result.answer);
    } finally {
      running -= 1;
    }
  };
}

const TOO_MANY_UPLOADS = {
  status: 503,
  code: 'too-many-uploads',
  title: 'Too many uploads',
  detail: 'other uploads are in progress; try again in a moment',
  headers: { 'retry-after': '5', connection: 'close' },
};

/** The body, decompressed. After the deadline it is as if it had ended. Throws ProblemError 415. */
function uploadBody(c: Context, deadline: AbortSignal): AsyncIterable<Uint8Array> {
  const type = c.req.header('content-type');
  if (type !== 'application/octet-stream') {
    const detail = `expected Content-Type application/octet-stream, found ${type ?? 'none'}`;
    throw new ProblemError({ status: 415, code: 'unsupported-type', title: 'Unsupported content type', detail, headers: HEADERS });
  }
  const encoding = c.req.header('content-encoding') ?? 'identity';
  if (encoding !== 'identity' && encoding !== 'gzip') {
    const detail = `expected gzip or no compression, found ${encoding}`;
    throw new ProblemError({ status: 415, code: 'unsupported-encoding', title: 'Unsupported content encoding', detail, headers: HEADERS });
  }
  const { incoming } = c.env as { incoming: IncomingMessage };
  return untilDeadline(encoding === 'gzip' ? gunzip(incoming) : incoming, deadline);
}

/** Not `pipeline`: it would close the connection when the compression is broken, and there is an answer to give. */
function gunzip(incoming: IncomingMessage): AsyncIterable<Uint8Array> {
  const plain = createGunzip();
  plain.on('error', () => {});
  incoming.on('close', () => void (incoming.complete || plain.destroy()));
  return incoming.pipe(plain);
}

async function* untilDeadline(body: AsyncIterable<Uint8Array>, deadline: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  const late = new Promise<'late'>((resolve) => deadline.addEventListener('abort', () => resolve('late'), { once: true }));
  const chunks = body[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([chunks.next(), late]);
    if (next === 'late' || next.done === true) return;
    yield next.value;
  }
}

/** The rest of a body that was not read to its end is on its way: the connection cannot be used again. */
const HEADERS = { 'accept-encoding': 'gzip', 'cache-control': 'no-store', connection: 'close' };

function answerUpload(c: Context, answer: UploadAnswer): Response {
  switch (answer.status) {
    case 200:
      c.header('accept-encoding', 'gzip');
      return answerLines(c, answer.lines);
    case 202:
    case 409:
      // The specification gives body and Content-Type to the letter.
      return c.body(formatMirrorInfo(answer.info), answer.status, { ...HEADERS, 'content-type': 'text/x.tlog.mirror-info' });
    default:
      return problem(c, { ...answer, title: 'Upload refused', headers: HEADERS });
  }
}

/** tlog-tiles below the origin's hash, at the cosigned checkpoint; also of a log that is no longer configured. */
function reading({ mirror, store, guard }: MirrorAppParts) {
  const origins = new Map<string, string>();
  /** A successor may have joined them. */
  const originOf = (hash: string): string | undefined => {
    if (!origins.has(hash)) for (const origin of store.origins()) origins.set(originHash(origin), origin);
    return origins.get(hash);
  };
  const servers = new Map<string, TileServer>();
  const headOf = (c: Context): { origin: string; size: bigint; checkpoint: Uint8Array } | null => {
    const origin = guard.run(() => originOf(c.req.param('originHash') ?? ''));
    if (origin === undefined) return null;
    const { size, checkpoint } = guard.run(() => store.mirrored(origin));
    return checkpoint === null ? null : { origin, size, checkpoint };
  };
  return {
    checkpoint(c: Context): Response {
      const head = headOf(c);
      if (head === null) {
        const detail = 'expected the SHA-256, in lower-case hex, of the origin of a log that this mirror has cosigned';
        return problem(c, { status: 404, code: 'never-cosigned', title: 'Nothing cosigned', detail, headers: READABLE });
      }
      const headers = { ...READABLE, 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
      return c.body(new Uint8Array(head.checkpoint), 200, headers);
    },
    async tile(c: Context): Promise<Response> {
      const head = headOf(c);
      const copy = head === null ? null : mirror.copyOf(head.origin);
      if (head === null || copy === null) return notFound(c) as Response;
      const server = servers.get(head.origin) ?? new TileServer(copy.folder);
      servers.set(head.origin, server);
      const answer = await server.answer(c, c.req.path.slice(c.req.path.indexOf('/tile/') + 1), head.size);
      answer.headers.set('access-control-allow-origin', '*');
      return answer;
    },
  };
}

/** For people who open the address. */
function describe({ store, vkeys }: MirrorAppParts): string {
  const logs = store.origins().map((origin) => `${originHash(origin)}/  ${origin}, size ${store.mirrored(origin).size}\n`);
  return `A transparency log mirror (C2SP tlog-mirror).\n\n${vkeys.join('\n')}\n\n${logs.join('')}`;
}
