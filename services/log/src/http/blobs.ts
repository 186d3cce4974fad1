import { Readable } from 'node:stream';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { bodyLimited, DurableError, ProblemError } from '@verbatim/service-kit';
import { MAX_BLOB_BYTES } from '@verbatim/statements';
import { fromBase64, utf8Encode } from '@verbatim/tlog';
import { verifyEd25519Async } from '@verbatim/tlog/node';
import type { Context } from 'hono';
import { frozenRefusal } from '../admission/control.ts';
import { parseSha256 } from './index-param.ts';
import { refusalProblem, STORAGE_LOW } from './problems.ts';
import type { Services } from './services.ts';

/** Time for a whole blob to arrive. */
const UPLOAD_TIMEOUT_MS = 120_000;

/** What the uploader signs: this log, these bytes. */
export function blobMessage(origin: string, sha256: string, size: number): Uint8Array {
  return utf8Encode(`verbatim-blob/v1\n${origin}\n${sha256}\n${size}\n`);
}

/** Blobs by digest: enrolled keys store them, everybody reads them as opaque downloads. */
export function blobRoutes(app: OpenAPIHono, services: Services): void {
  const { blobs } = services;

  app.put('/blobs/:sha256', async (c) => {
    const sha256 = parseSha256(c.req.param('sha256'));
    if (services.storageLow()) throw new ProblemError(STORAGE_LOW);
    // No entry will name it.
    const { frozen } = services.engine.ledger.control.state;
    if (frozen !== null) throw new ProblemError({ ...refusalProblem(frozenRefusal(frozen)), headers: { connection: 'close' } });
    const size = declaredSize(c);
    const keyid = await checkUploader(c, services, sha256, size);
    const bytes = await bodyLimited(c, MAX_BLOB_BYTES, { timeoutMs: UPLOAD_TIMEOUT_MS });
    const stored = await store(services, sha256, bytes, keyid);
    return c.json({ sha256, size: bytes.length, stored }, stored ? 201 : 200, { 'cache-control': 'no-store' });
  });

  app.get('/blobs/:sha256', async (c) => {
    const sha256 = parseSha256(c.req.param('sha256'));
    const blob = await blobs.open(sha256);
    if (blob === null)
      throw new ProblemError({
        status: 404,
        code: 'unknown-blob',
        title: 'No such blob',
        detail: `Expected a stored blob; there is none with sha256 ${sha256}. Evidence may have expired.`,
      });
    // Whatever an uploader stored, a browser must neither guess its type nor run it.
    return c.body(Readable.toWeb(blob.stream) as ReadableStream, 200, {
      'content-type': 'application/octet-stream',
      'content-length': String(blob.size),
      'content-disposition': `attachment; filename="${sha256}"`,
      'content-security-policy': "sandbox; default-src 'none'",
      'x-content-type-options': 'nosniff',
      'cache-control': 'public, max-age=31536000, immutable',
    });
  });
}

async function store({ blobs, logger, now }: Services, sha256: string, bytes: Uint8Array, keyid: string): Promise<boolean> {
  try {
    return await blobs.put(sha256, bytes, keyid, Math.floor(now() / 1000));
  } catch (error) {
    if (!(error instanceof DurableError)) throw error;
    // Nothing was acknowledged and no row refers to the file: the uploader repeats, the log goes on.
    logger.error({ err: error, sha256 }, 'blob not stored');
    throw new ProblemError(
      {
        status: 503,
        code: 'storage-failed',
        title: 'The blob was not stored',
        detail: 'Expected to write the blob durably; that failed. Send it again later.',
        headers: { 'retry-after': '60' },
      },
      { cause: error },
    );
  }
}

/** The size is signed, so it must be declared. */
function declaredSize(c: Context): number {
  const header = c.req.header('content-length') ?? '';
  if (!/^(0|[1-9][0-9]{0,14})$/.test(header))
    throw new ProblemError({
      status: 411,
      code: 'length-required',
      title: 'Length required',
      detail: 'Expected a Content-Length header; found none. Send the whole blob with its length.',
      headers: { connection: 'close' },
    });
  const size = Number.parseInt(header, 10);
  if (size > MAX_BLOB_BYTES)
    throw new ProblemError({
      status: 413,
      code: 'too-large',
      title: 'The blob is too large',
      detail: `Expected at most ${MAX_BLOB_BYTES} bytes; the request declares ${size}.`,
      headers: { connection: 'close' },
    });
  return size;
}

/** Checks the header before the body is read: who may not store costs one header. */
async function checkUploader(c: Context, { engine }: Services, sha256: string, size: number): Promise<string> {
  const refuse = (status: number, code: string, title: string, detail: string): ProblemError =>
    new ProblemError({ status, code, title, detail, headers: { connection: 'close' } });
  const match = /^([0-9a-f]{64}) ([A-Za-z0-9+/]{86}==)$/.exec(c.req.header('x-verbatim-signature') ?? '');
  if (match === null)
    throw refuse(
      401,
      'bad-signature',
      'No usable signature',
      'Expected X-Verbatim-Signature: <keyid> <base64 of a 64-byte signature>. See PUT /blobs/{sha256} in /openapi.json.',
    );
  const [, keyid, base64] = match as unknown as [string, string, string];
  const key = engine.ledger.roster.keys(keyid).find((candidate) => candidate.revokedAt === null);
  if (key === undefined)
    throw refuse(
      403,
      'unknown-key',
      'The key is not enrolled',
      `Expected a key on this log's roster in good standing; ${keyid} is not. Only enrolled keys store blobs.`,
    );
  let signature: Uint8Array;
  try {
    signature = fromBase64(base64);
  } catch {
    throw refuse(401, 'bad-signature', 'No usable signature', 'Expected canonical base64 in X-Verbatim-Signature.');
  }
  if (await verifyEd25519Async(key.publicKey, blobMessage(engine.identity.origin, sha256, size), signature)) return keyid;
  throw refuse(
    401,
    'bad-signature',
    'The signature does not verify',
    `Expected a signature by ${keyid} over "verbatim-blob/v1", origin, sha256 and size, a line each; it does not verify. Sign for ${engine.identity.origin} and ${size} bytes.`,
  );
}
