import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { keyidOf, MAX_BLOB_BYTES } from '@verbatim/statements';
import type { Signer } from '@verbatim/tlog';
import { aRevocation, testSigner } from '@verbatim/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { filesBelow } from '../_check-log.ts';
import { ORIGIN, startLog, type TestLog } from '../_log.ts';
import { blobMessage } from './blobs.ts';

let log: TestLog;
const acme = testSigner('acme-1');
const revoked = testSigner('revoked-1');

beforeAll(async () => {
  log = await startLog({ toml: '[limits]\nblob_quota = 20_000_000\n' });
  await log.scene([acme, testSigner('beta-1'), testSigner('gamma-1'), revoked]);
  await log.log(aRevocation(revoked), log.admin);
});

afterAll(async () => {
  await log?.[Symbol.asyncDispose]();
});

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function put(
  bytes: Uint8Array,
  {
    signer = acme,
    origin = ORIGIN,
    size = bytes.length,
    sha256 = digestOf(bytes),
    header,
  }: { signer?: Signer; origin?: string; size?: number; sha256?: string; header?: string } = {},
) {
  const signature = Buffer.from(signer.sign(blobMessage(origin, sha256, size))).toString('base64');
  return log.json(`/blobs/${sha256}`, {
    method: 'PUT',
    headers: { 'x-verbatim-signature': header ?? `${keyidOf(signer.name, signer.publicKey)} ${signature}` },
    body: new Uint8Array(bytes),
  });
}

const bytesOf = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);

test('a stored blob is read back as an opaque download that no browser runs', async () => {
  const bytes = new TextEncoder().encode('<script>alert(1)</script>');
  expect(await put(bytes)).toMatchObject({ status: 201, body: { sha256: digestOf(bytes), size: bytes.length, stored: true } });
  const got = await log.fetch(`/blobs/${digestOf(bytes)}`);
  expect(new Uint8Array(await got.arrayBuffer())).toEqual(bytes);
  expect(Object.fromEntries(got.headers)).toMatchObject({
    'content-type': 'application/octet-stream',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'",
    'content-disposition': `attachment; filename="${digestOf(bytes)}"`,
    'content-length': String(bytes.length),
  });
});

test('storing the same blob again is fine and costs nobody anything', async () => {
  const bytes = bytesOf(1000, 1);
  expect((await put(bytes)).status).toBe(201);
  expect(await put(bytes, { signer: testSigner('beta-1') })).toMatchObject({ status: 200, body: { stored: false } });
});

test('the largest blob fits, and one byte more does not', async () => {
  const signer = testSigner('gamma-1');
  expect((await put(bytesOf(MAX_BLOB_BYTES, 2), { signer })).status).toBe(201);
  expect(await put(bytesOf(MAX_BLOB_BYTES + 1, 2), { signer })).toMatchObject({ status: 413, body: { code: 'too-large' } });
});

test.each<[string, number, string, () => ReturnType<typeof put>]>([
  ['a key that is not enrolled', 403, 'unknown-key', () => put(bytesOf(10, 3), { signer: testSigner('stranger') })],
  ['a revoked key', 403, 'unknown-key', () => put(bytesOf(10, 3), { signer: revoked })],
  ['a signature for another log', 401, 'bad-signature', () => put(bytesOf(10, 3), { origin: 'other.example' })],
  ['a signature for another size', 401, 'bad-signature', () => put(bytesOf(10, 3), { size: 11 })],
  ['no signature', 401, 'bad-signature', () => put(bytesOf(10, 3), { header: '' })],
  ['a signature that is no base64', 401, 'bad-signature', () => put(bytesOf(10, 3), { header: `${'0'.repeat(64)} !!` })],
  ['other bytes than the digest says', 422, 'digest-mismatch', () => put(bytesOf(10, 3), { sha256: digestOf(bytesOf(10, 4)) })],
  ['a digest in upper case', 400, 'bad-digest', () => put(bytesOf(10, 3), { sha256: digestOf(bytesOf(10, 3)).toUpperCase() })],
])('%s stores nothing', async (_, status, code, attempt) => {
  const before = await filesBelow(join(log.config.data_dir, 'blobs'));
  expect(await attempt()).toMatchObject({ status, body: { code } });
  expect(await filesBelow(join(log.config.data_dir, 'blobs'))).toEqual(before);
});

test('a key’s quota holds, for uploads one after another and at once', async () => {
  const signer = testSigner('beta-1');
  const answers = await Promise.all([11, 12, 13, 14].map((fill) => put(bytesOf(6_000_000, fill), { signer })));
  expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 201, 201, 403]);
  expect(await put(bytesOf(6_000_000, 15), { signer })).toMatchObject({ status: 403, body: { code: 'quota-exceeded' } });
  expect((await put(bytesOf(1_000_000, 16), { signer })).status).toBe(201);
});

test('an unknown blob is a 404 problem', async () => {
  expect(await log.json(`/blobs/${'0'.repeat(64)}`)).toMatchObject({ status: 404, body: { code: 'unknown-blob' } });
});
