import type { OpenAPIHono } from '@hono/zod-openapi';
import { bodyLimited, problem, problemBody, ProblemError } from '@verbatim/service-kit';
import { MAX_ENTRY_BYTES } from '@verbatim/statements';
import { toHex, utf8Encode } from '@verbatim/tlog';
import type { Context } from 'hono';
import type { Publication } from '../publication/published.ts';
import type { Outcome } from '../service/submit.ts';
import { parseIndex } from './index-param.ts';
import { noSuchEntry, NOTHING_PUBLISHED, notYetWitnessed, overloadedProblem, refusalProblem } from './problems.ts';
import { proofHashes, proofText } from './proofs.ts';
import type { Services } from './services.ts';

export const MAX_BATCH_ENTRIES = 256;
/** 256 entries of 16 KiB, as JSON strings: a base64 payload needs no escapes, the envelope a few quotes. */
export const MAX_BATCH_BYTES = MAX_BATCH_ENTRIES * (MAX_ENTRY_BYTES + 1024);

/** Submission, one by one and in batches, and the machine-readable side of one entry. */
export function entryRoutes(app: OpenAPIHono, services: Services): void {
  const { engine, submit, metrics, submissionLimit } = services;

  app.post('/entries', async (c) => {
    requireJson(c);
    submissionLimit.take(c, 1);
    const started = performance.now();
    const outcome = await submit.submit(await bodyLimited(c, MAX_ENTRY_BYTES));
    metrics.submission(outcome, started);
    if (outcome.kind !== 'published') return problem(c, problemOf(outcome));
    return c.json(published(services, outcome), 200, NO_STORE);
  });

  app.post('/entries/batch', async (c) => {
    requireJson(c);
    const started = performance.now();
    const entries = parseBatch(await bodyLimited(c, MAX_BATCH_BYTES));
    submissionLimit.take(c, entries.length);
    const outcomes = await submit.submitAll(entries);
    for (const outcome of outcomes) metrics.submission(outcome, started);
    // One checkpoint for all proofs: the newest covers every entry of the batch.
    const publication = engine.published.current;
    const results = outcomes.map((outcome) => batchResult(services, outcome, publication));
    return c.json({ checkpoint: publication === null ? null : publication.text, results }, 200, NO_STORE);
  });

  app.get('/entries/:index/status', (c) => {
    const index = parseIndex(c.req.param('index'), 'an entry index');
    if (index >= engine.ledger.size) return problem(c, noSuchEntry(index, engine.published.size));
    const leafHash = toHex(engine.ledger.leafHash(index));
    const publication = engine.published.current;
    if (publication === null || index >= publication.size) return problem(c, notYetWitnessed(index, leafHash));
    return c.json(published(services, { kind: 'published', index, leafHash, duplicate: false, publication }), 200, NO_STORE);
  });

  app.get('/entries/:index/proof', (c) => {
    const { index, publication } = publishedIndex(c, services);
    return c.body(proofText(engine.nodes, index, publication), 200, { 'content-type': 'text/plain; charset=utf-8', ...NO_STORE });
  });
}

/** An index from the path that the published checkpoint covers. Throws the problem otherwise. */
export function publishedIndex(c: Context, { engine }: Services): { readonly index: bigint; readonly publication: Publication } {
  const index = parseIndex(c.req.param('index') ?? '', 'an entry index');
  const publication = engine.published.current;
  if (publication === null) throw new ProblemError(NOTHING_PUBLISHED);
  if (index >= publication.size) throw new ProblemError(noSuchEntry(index, publication.size));
  return { index, publication };
}

const NO_STORE = { 'cache-control': 'no-store' };

function published(
  { engine }: Services,
  { index, leafHash, duplicate, publication }: Extract<Outcome, { kind: 'published' }>,
): Record<string, unknown> {
  return {
    index: Number(index),
    leafHash,
    duplicate,
    proof: proofText(engine.nodes, index, publication),
    checkpoint: publication.text,
  };
}

function batchResult({ engine }: Services, outcome: Outcome, publication: Publication | null): Record<string, unknown> {
  if (outcome.kind !== 'published') {
    const found = problemOf(outcome);
    return { status: found.status, ...found.extra, problem: problemBody(found) };
  }
  const { index, leafHash, duplicate } = outcome;
  return {
    status: 200,
    index: Number(index),
    leafHash,
    duplicate,
    proof: proofHashes(engine.nodes, index, publication ?? outcome.publication),
  };
}

function problemOf(outcome: Exclude<Outcome, { kind: 'published' }>): Parameters<typeof problemBody>[0] {
  switch (outcome.kind) {
    case 'refused':
      return refusalProblem(outcome.refusal);
    case 'overloaded':
      return overloadedProblem(outcome);
    case 'not-yet-witnessed':
      return notYetWitnessed(outcome.index, outcome.leafHash);
  }
}

function requireJson(c: Context): void {
  const type = c.req.header('content-type') ?? '';
  if (/^application\/json(?:;\s*charset=utf-8)?$/i.test(type)) return;
  throw new ProblemError({
    status: 415,
    code: 'unsupported-media-type',
    title: 'Not JSON',
    detail: `Expected Content-Type: application/json; found ${JSON.stringify(type.slice(0, 80))}.`,
    headers: { connection: 'close' },
  });
}

/** `{"entries": ["<envelope>", …]}`: strings, so that each envelope keeps its exact bytes. */
function parseBatch(bytes: Uint8Array): Uint8Array[] {
  const malformed = (expected: string): ProblemError =>
    new ProblemError({
      status: 400,
      code: 'malformed',
      title: 'Not a well-formed batch',
      detail: `Expected ${expected}. Nothing was stored.`,
    });
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw malformed('a JSON object {"entries": ["<envelope>", …]} in UTF-8');
  }
  const entries =
    typeof body === 'object' && body !== null && Object.keys(body).join() === 'entries' ? (body as { entries: unknown }).entries : null;
  if (!Array.isArray(entries) || entries.length === 0 || entries.length > MAX_BATCH_ENTRIES)
    throw malformed(`one member "entries" with 1 to ${MAX_BATCH_ENTRIES} strings`);
  return entries.map((entry) => {
    if (typeof entry !== 'string' || !entry.isWellFormed()) throw malformed('every entry as a string of well-formed Unicode');
    return utf8Encode(entry);
  });
}
