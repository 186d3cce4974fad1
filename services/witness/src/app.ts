/** The witness over HTTP: C2SP tlog-witness. Submission and monitoring prefix are both the root. */
import type { Context, Hono } from 'hono';
import {
  MAX_ADD_CHECKPOINT_BYTES,
  answerLines,
  bodyLimited,
  methodNotAllowed,
  problem,
  refuseCheckpoint,
  serviceApp,
  type ServiceAppParts,
  type StorageGuard,
} from '@verbatim/service-kit';
import { sha256, toHex, utf8Encode } from '@verbatim/tlog';
import type { WitnessStore } from './store.ts';
import { isIndexAnswer, refuseForIndex, type IndexAnswer } from './index-witness/answer.ts';

export interface WitnessAppParts extends ServiceAppParts {
  /** Answers an add-checkpoint request. Throws ProblemError when nothing can be recorded. */
  addCheckpoint: (body: Uint8Array) => IndexAnswer | Promise<IndexAnswer>;
  store: WitnessStore;
  guard: StorageGuard;
  vkeys: readonly string[];
  /** What it is, for people. */
  title?: string;
  /** Sees every answer of add-checkpoint. */
  onAnswer?: (answer: IndexAnswer) => void;
}

export function createWitnessApp(parts: WitnessAppParts): Hono {
  const app = serviceApp(parts, () => describe(parts));

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

function addCheckpoint({ addCheckpoint: answerTo, guard, onAnswer }: WitnessAppParts) {
  return async function addCheckpoint(c: Context): Promise<Response> {
    const body = await bodyLimited(c, MAX_ADD_CHECKPOINT_BYTES);
    const answer = await answerTo(body);
    onAnswer?.(answer);
    if (isIndexAnswer(answer)) return refuseForIndex(c, answer);
    if (answer.status !== 200) return refuseCheckpoint(c, answer);
    if (answer.recorded) guard.recovered();
    return answerLines(c, answer.lines);
  };
}

/** tlog-witness, "Monitor Retrieval Mechanism": the last cosigned checkpoint of a log, also of one that is no longer configured. */
function readCheckpoint({ store, guard }: WitnessAppParts) {
  const origins = new Map<string, string>();
  /** A successor may have joined them. */
  const originOf = (hash: string): string | undefined => {
    if (!origins.has(hash)) for (const origin of store.origins()) origins.set(toHex(sha256(utf8Encode(origin))), origin);
    return origins.get(hash);
  };
  return function readCheckpoint(c: Context): Response {
    const origin = guard.run(() => originOf(c.req.param('originHash') ?? ''));
    const checkpoint = origin === undefined ? null : guard.run(() => store.head(origin).checkpoint);
    if (checkpoint === null) {
      const detail = 'expected the SHA-256, in lower-case hex, of the origin of a log that this witness has cosigned';
      return problem(c, { status: 404, code: 'never-cosigned', title: 'Nothing cosigned', detail, headers: READABLE });
    }
    const headers = { ...READABLE, 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
    return c.body(new Uint8Array(checkpoint), 200, headers);
  };
}

/** For people who open the address. */
function describe({ store, vkeys, title = 'witness' }: WitnessAppParts): string {
  const logs = store
    .origins()
    .map((origin) => `${toHex(sha256(utf8Encode(origin)))}/checkpoint  ${origin}, size ${store.head(origin).size}\n`);
  return `A transparency log ${title} (C2SP tlog-witness).\n\n${vkeys.join('\n')}\n\n${logs.join('')}`;
}
