import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { MAX_BATCH_ENTRIES } from './entries.ts';
import { MAX_LOOKUPS } from './provable-index.ts';

/** What the JSON endpoints take and give, at /openapi.json. Bodies are checked by the strict decoders, not by these schemas. */
export function describeApi(app: OpenAPIHono, origin: string, version: string): void {
  const { openAPIRegistry: registry } = app;
  const index = z.int().min(0).openapi({ description: 'Position in the log, from 0.', example: 12 });
  const hash = z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .openapi({ description: 'Lower-case hex.' });
  const note = z.string().openapi({ description: 'C2SP signed note: the checkpoint with its cosignatures.' });
  const problemSchema = registry.register(
    'Problem',
    z.object({
      type: z.string(),
      title: z.string(),
      status: z.int(),
      detail: z.string(),
      code: z.string().openapi({ description: 'Stable; decide by it.' }),
      index: index.optional(),
      leafHash: hash.optional(),
    }),
  );
  const entry = registry.register(
    'Entry',
    z
      .object({
        payload: z.string(),
        payloadType: z.literal('application/vnd.in-toto+json'),
        signatures: z.array(z.object({ keyid: hash, sig: z.string() })),
      })
      .openapi({ description: 'DSSE v1 envelope in its one canonical encoding (RFC 8785), at most 16,384 bytes.' }),
  );
  const accepted = registry.register(
    'Accepted',
    z.object({
      index,
      leafHash: hash,
      duplicate: z.boolean().openapi({ description: 'True when the same payload by the same keys was logged before.' }),
      proof: z.string().openapi({ description: 'C2SP tlog-proof.' }),
      checkpoint: note,
    }),
  );
  const batchResult = registry.register(
    'BatchResult',
    z.object({
      status: z.int(),
      index: index.optional(),
      leafHash: hash.optional(),
      duplicate: z.boolean().optional(),
      proof: z
        .array(z.string())
        .optional()
        .openapi({ description: 'Inclusion hashes in base64, leaf sibling first, to the batch’s checkpoint.' }),
      problem: problemSchema.optional(),
    }),
  );
  const proved = registry.register(
    'Index',
    z.object({
      checkpoint: note,
      lookups: z.array(
        z.object({
          lookup: hash,
          entries: z.array(index).openapi({ description: 'All entries under the lookup key below the checkpoint’s size, ascending.' }),
          proof: z.string().openapi({ description: 'Prefix proof in base64, to the root that entry size − 1 states.' }),
        }),
      ),
    }),
  );

  const json = (schema: z.ZodType, description: string) => ({ description, content: { 'application/json': { schema } } });
  const plain = (type: string, description: string) => ({ description, content: { [type]: { schema: z.string() } } });
  const problems = (...statuses: number[]) =>
    Object.fromEntries(
      statuses.map((status) => [
        status,
        { description: PROBLEMS[status]!, content: { 'application/problem+json': { schema: problemSchema } } },
      ]),
    );
  const at = z.object({ index });
  const digest = z.object({ sha256: hash });

  registry.registerPath({
    method: 'post',
    path: '/entries',
    summary: 'Submit one entry',
    description: 'Answers when the entry is published. Repeating a request never adds an entry.',
    request: { body: { required: true, content: { 'application/json': { schema: entry } } } },
    responses: { 200: json(accepted, 'Logged and published'), ...problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 503) },
  });
  registry.registerPath({
    method: 'post',
    path: '/entries/batch',
    summary: `Submit up to ${MAX_BATCH_ENTRIES} entries`,
    description: 'In order. Each entry has its own result; the answer is 200 even when some are refused.',
    request: {
      body: {
        required: true,
        content: { 'application/json': { schema: z.object({ entries: z.array(z.string()).min(1).max(MAX_BATCH_ENTRIES) }) } },
      },
    },
    responses: {
      200: json(z.object({ checkpoint: note.nullable(), results: z.array(batchResult) }), 'One result an entry'),
      ...problems(400, 413, 415),
    },
  });
  registry.registerPath({
    method: 'get',
    path: '/entries/{index}',
    summary: 'The exact bytes of an entry',
    description: 'A page when text/html is asked for.',
    request: { params: at },
    responses: { 200: json(entry, 'The entry'), ...problems(400, 404) },
  });
  registry.registerPath({
    method: 'get',
    path: '/entries/{index}/status',
    summary: 'What became of an entry',
    description: 'Answers as the submission would.',
    request: { params: at },
    responses: { 200: json(accepted, 'Published'), ...problems(400, 404, 503) },
  });
  registry.registerPath({
    method: 'get',
    path: '/entries/{index}/proof',
    summary: 'A proof of inclusion at the published size',
    request: { params: at },
    responses: { 200: plain('text/plain', 'C2SP tlog-proof'), ...problems(400, 404) },
  });
  registry.registerPath({
    method: 'get',
    path: '/index',
    summary: 'All entries under lookup keys, provably',
    description: `All at one checkpoint; 422 when one answer would have too many entries (4,096, unless the operator set less), 429 with Retry-After when one address asks for too many. Read the entries, and the index root at size − 1, from tiles.`,
    request: { query: z.object({ lookup: z.array(hash).min(1).max(MAX_LOOKUPS) }) },
    responses: { 200: json(proved, 'Indexes and proofs'), ...problems(400, 422, 429, 503) },
  });
  registry.registerPath({
    method: 'put',
    path: '/blobs/{sha256}',
    summary: 'Store a blob',
    description: `By enrolled keys, at most 8 MiB. X-Verbatim-Signature: "<keyid> <base64>", Ed25519 over "verbatim-blob/v1\\n${origin}\\n<sha256>\\n<size>\\n".`,
    request: {
      params: digest,
      headers: z.object({ 'x-verbatim-signature': z.string() }),
      body: { required: true, content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } } },
    },
    responses: {
      200: json(z.object({ sha256: hash, size: z.int(), stored: z.boolean() }), 'Was there already'),
      201: json(z.object({ sha256: hash, size: z.int(), stored: z.boolean() }), 'Stored'),
      ...problems(400, 401, 403, 411, 413, 422, 503),
    },
  });
  registry.registerPath({
    method: 'get',
    path: '/blobs/{sha256}',
    summary: 'A blob as an opaque download',
    request: { params: digest },
    responses: { 200: plain('application/octet-stream', 'Its bytes'), ...problems(400, 404) },
  });
  registry.registerPath({
    method: 'get',
    path: '/checkpoint',
    summary: 'The published checkpoint',
    responses: { 200: plain('text/plain', 'C2SP tlog-checkpoint'), ...problems(503) },
  });

  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: `Log ${origin}`,
      version,
      description: 'A transparency log of releases and rebuilds. Tiles and bundles are at /tile/ (C2SP tlog-tiles).',
      license: { name: 'Apache-2.0' },
    },
  });
}

const PROBLEMS: Readonly<Record<number, string>> = {
  400: 'Malformed',
  401: 'A signature is missing or does not verify',
  403: 'The key may not do this',
  404: 'Not in the log',
  409: 'In conflict with an entry that is logged; `index` names it',
  411: 'Content-Length is missing',
  413: 'Too large',
  415: 'Not application/json',
  422: 'Refused by admission, or too many entries to answer with',
  429: 'Too many requests; see Retry-After',
  503: 'Come back later, see Retry-After. Code not-yet-witnessed: the entry is stored under `index`; all other codes: nothing was stored',
};
