/** The witness over HTTP: C2SP tlog-witness. Submission and monitoring prefix are both the root. */
import { Hono, type Context, type MiddlewareHandler } from 'hono';
import { bodyLimited, health, notFound, onError, problem, type HealthCheck, type Logger } from '@verbatim/service-kit';
import { sha256, toHex, utf8Encode } from '@verbatim/tlog';
import type { Refusal, RefusalCode } from './answer.ts';
import type { WitnessStore } from './store.ts';
import type { StorageGuard } from './storage-guard.ts';
import type { Answer, Witness } from './witness.ts';

/** Bytes of an add-checkpoint body: `old`, 63 hashes, and a note with 100 Ed25519 lines or a dozen ML-DSA ones. */
export const MAX_REQUEST_BYTES = 64 * 1024;

export interface WitnessAppParts {
  witness: Witness;
  store: WitnessStore;
  guard: StorageGuard;
  vkey: string;
  logger: Logger;
  checks: readonly HealthCheck[];
  /** Sees every answer of add-checkpoint. */
  onAnswer?: (answer: Answer) => void;
  /** Runs around everything: metrics. */
  middleware?: MiddlewareHandler;
}

const TITLES: Record<RefusalCode, string> = {
  malformed: 'Malformed request',
  'old-size-ahead': 'Old size larger than the checkpoint',
  'unknown-origin': 'Unknown log',
  'not-signed': 'Not signed by the log',
  'bad-signature': 'Signature does not verify',
  'bad-empty-root': 'Wrong root of an empty tree',
  'bad-proof': 'Consistency proof does not verify',
  'split-view': 'Another root for a size that was cosigned',
};

export function createWitnessApp(parts: WitnessAppParts): Hono {
  const app = new Hono();
  app.onError(onError(parts.logger));
  app.notFound(notFound);
  if (parts.middleware) app.use(parts.middleware);
  app.route('/', health(parts.checks));
  app.get('/', (c) => c.text(describe(parts)));

  app.post('/add-checkpoint', addCheckpoint(parts));
  app.all('/add-checkpoint', (c) => methodNotAllowed(c, 'POST'));

  const read = readCheckpoint(parts);
  app.get('/:originHash/checkpoint', read);
  app.options('/:originHash/checkpoint', (c) => c.body(null, 204, { ...READABLE, 'access-control-allow-methods': 'GET' }));
  app.all('/:originHash/checkpoint', (c) => methodNotAllowed(c, 'GET, HEAD, OPTIONS'));
  return app;
}

/** Anybody's page may read: nothing here depends on who asks. */
const READABLE = { 'access-control-allow-origin': '*' };

function addCheckpoint({ witness, guard, onAnswer }: WitnessAppParts) {
  return async function addCheckpoint(c: Context): Promise<Response> {
    const body = await bodyLimited(c, MAX_REQUEST_BYTES);
    const answer = guard.run(() => witness.addCheckpoint(body));
    onAnswer?.(answer);
    switch (answer.status) {
      case 200:
        if (answer.recorded) guard.recovered();
        return c.body(answer.lines, 200, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
      case 409:
        // The specification gives body and Content-Type to the letter.
        return c.body(`${answer.size}\n`, 409, { 'content-type': 'text/x.tlog.size', 'cache-control': 'no-store' });
      default:
        return refusal(c, answer);
    }
  };
}

function refusal(c: Context, { status, code, detail }: Refusal): Response {
  return problem(c, { status, code, title: TITLES[code], detail });
}

/** tlog-witness, "Monitor Retrieval Mechanism": the last cosigned checkpoint of a log, also of one that is no longer configured. */
function readCheckpoint({ store, guard }: WitnessAppParts) {
  const originOf = new Map(store.origins().map((origin) => [toHex(sha256(utf8Encode(origin))), origin]));
  return function readCheckpoint(c: Context): Response {
    const origin = originOf.get(c.req.param('originHash') ?? '');
    const checkpoint = origin === undefined ? null : guard.run(() => store.head(origin).checkpoint);
    if (checkpoint === null) {
      const detail = 'expected the SHA-256, in lower-case hex, of the origin of a log that this witness has cosigned';
      return problem(c, { status: 404, code: 'never-cosigned', title: 'Nothing cosigned', detail, headers: READABLE });
    }
    const headers = { ...READABLE, 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
    return c.body(new Uint8Array(checkpoint), 200, headers);
  };
}

function methodNotAllowed(c: Context, allow: string): Response {
  const detail = `expected one of ${allow}, found ${c.req.method}`;
  return problem(c, { status: 405, code: 'method-not-allowed', title: 'Method not allowed', detail, headers: { allow } });
}

/** For people who open the address. */
function describe({ store, vkey }: WitnessAppParts): string {
  const logs = store
    .origins()
    .map((origin) => `${toHex(sha256(utf8Encode(origin)))}/checkpoint  ${origin}, size ${store.head(origin).size}\n`);
  return `A transparency log witness (C2SP tlog-witness).\n\n${vkey}\n\n${logs.join('')}`;
}
