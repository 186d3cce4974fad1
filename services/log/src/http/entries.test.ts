import { join } from 'node:path';
import Database from 'better-sqlite3';
import { keyidOf, MAX_ENTRY_BYTES, signStatement } from '@verbatim/statements';
import { fromBase64, hashLeaf, openCheckpoint, parseTlogProof, toHex, utf8Encode, verifyInclusion } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { anEnrolment, anObservation, testSigner } from '@verbatim/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ORIGIN, startLog, type TestLog, type TestScene } from '../_log.ts';
import { MAX_BATCH_BYTES, MAX_BATCH_ENTRIES } from './entries.ts';

let log: TestLog;
let scene: TestScene;
const acme = testSigner('acme-1');

beforeAll(async () => {
  log = await startLog();
  scene = await log.scene([acme, testSigner('beta-1')]);
});

afterAll(async () => {
  await log?.[Symbol.asyncDispose]();
});

function attempt(n: number, rebuilder = acme): Uint8Array {
  return signStatement(
    anObservation({ origin: ORIGIN, release: scene.release, index: scene.index, leafHash: scene.leafHash, rebuilder }, { attempt: n }),
    [rebuilder],
  );
}

function entryCount(): number {
  const db = new Database(join(log.config.data_dir, 'log.db'), { readonly: true });
  try {
    return db.prepare<[], { n: number }>('SELECT count(*) AS n FROM entries').get()!.n;
  } finally {
    db.close();
  }
}

test('an accepted entry is answered with a proof that verifies against the published, signed checkpoint', async () => {
  const entry = attempt(1);
  const { status, body } = await log.post(entry);
  expect(status).toBe(200);
  const { proof, checkpoint: note, index } = parseTlogProof(utf8Encode(body.proof));
  expect(Number(index)).toBe(body.index);
  expect(toHex(hashLeaf(entry))).toBe(body.leafHash);
  expect(new TextDecoder().decode(note)).toBe(body.checkpoint);
  const { checkpoint } = openCheckpoint(note, log.logKey, verifyEd25519);
  expect(verifyInclusion(index, checkpoint.size, hashLeaf(entry), proof, checkpoint.root)).toBe(true);
  expect(await log.size()).toBeGreaterThanOrEqual(Number(checkpoint.size));
});

test('a repeated POST adds nothing and answers with the old index and a proof of it', async () => {
  const entry = attempt(2);
  const first = await log.post(entry);
  const before = entryCount();
  const again = await log.post(entry);
  expect(again).toMatchObject({ status: 200, body: { index: first.body.index, leafHash: first.body.leafHash, duplicate: true } });
  expect(first.body.duplicate).toBe(false);
  expect(entryCount()).toBe(before);
});

test('fifty copies of one entry at once are one entry', async () => {
  const entry = attempt(3);
  const before = entryCount();
  const answers = await Promise.all(Array.from({ length: 50 }, () => log.post(entry)));
  expect(new Set(answers.map(({ body }) => body.index)).size).toBe(1);
  expect(answers.filter(({ body }) => body.duplicate === false)).toHaveLength(1);
  // And the index root that ends its batch.
  expect(entryCount()).toBe(before + 2);
});

test('two statements for one attempt at once: one is admitted, the other is a conflict', async () => {
  const rivals = ['2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z'].map((finished) =>
    signStatement(
      anObservation(
        { origin: ORIGIN, release: scene.release, index: scene.index, leafHash: scene.leafHash, rebuilder: acme },
        { attempt: 4, started: finished, finished },
      ),
      [acme],
    ),
  );
  const answers = await Promise.all(rivals.map((entry) => log.post(entry)));
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
  const [won, lost] = answers.toSorted((a, b) => a.status - b.status);
  expect(lost!.body).toMatchObject({ code: 'attempt-exists', index: won!.body.index });
});

test('a batch answers for each entry, in order, with proofs to one checkpoint', async () => {
  const beta = testSigner('beta-1');
  const entries = [attempt(1, beta), attempt(2, beta), attempt(9, beta), attempt(3, beta), attempt(1, beta)];
  const { status, body } = await log.batch(entries);
  expect(status).toBe(200);
  expect(body.results.map((result: { status: number }) => result.status)).toEqual([200, 200, 422, 200, 200]);
  expect(body.results[2]).toMatchObject({ problem: { code: 'attempt-gap', status: 422 } });
  expect(body.results[4]).toMatchObject({ duplicate: true, index: body.results[0].index });
  const { checkpoint } = openCheckpoint(utf8Encode(body.checkpoint), log.logKey, verifyEd25519);
  for (const i of [0, 1, 3, 4]) {
    const { index, leafHash, proof } = body.results[i];
    expect(leafHash).toBe(toHex(hashLeaf(entries[i]!)));
    expect(verifyInclusion(BigInt(index), checkpoint.size, hashLeaf(entries[i]!), proof.map(fromBase64), checkpoint.root)).toBe(true);
  }
});

test.each([
  ['no JSON', 'entries'],
  ['a list', '[]'],
  ['no entries', '{"entries":[]}'],
  ['another member', '{"entries":["x"],"more":1}'],
  ['an entry that is no string', '{"entries":[{}]}'],
  ['a lone surrogate', '{"entries":["\\ud800"]}'],
  ['257 entries', JSON.stringify({ entries: Array.from({ length: MAX_BATCH_ENTRIES + 1 }, () => 'x') })],
])('a batch of %s is refused as a whole', async (_, body) => {
  const answer = await log.json('/entries/batch', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  expect(answer).toMatchObject({ status: 400, body: { code: 'malformed' } });
});

test('bodies above the limits are refused before they are read', async () => {
  expect(await log.post('x'.repeat(MAX_ENTRY_BYTES + 1))).toMatchObject({ status: 413, body: { code: 'too-large' } });
  const batch = await log.json('/entries/batch', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: 'x'.repeat(MAX_BATCH_BYTES + 1),
  });
  expect(batch).toMatchObject({ status: 413, body: { code: 'too-large' } });
});

test('a full batch of the largest entries fits the limit', () => {
  const entry = `{"payload":"${'A'.repeat(MAX_ENTRY_BYTES - 200)}","payloadType":"application/vnd.in-toto+json","signatures":[]}`;
  expect(JSON.stringify({ entries: Array.from({ length: MAX_BATCH_ENTRIES }, () => entry) }).length).toBeLessThan(MAX_BATCH_BYTES);
});

test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', ''])('content type "%s" is refused', async (type) => {
  expect(await log.post(attempt(5), { 'content-type': type })).toMatchObject({ status: 415, body: { code: 'unsupported-media-type' } });
});

test('a compressed body is refused instead of misread', async () => {
  expect((await log.post(attempt(5), { 'content-type': 'application/json', 'content-encoding': 'gzip' })).status).toBe(415);
});

test('status, proof and raw bytes of an entry agree with what the submitter was told', async () => {
  const entry = attempt(5);
  const { body: accepted } = await log.post(entry);
  const status = await log.json(`/entries/${accepted.index}/status`);
  expect(status).toMatchObject({ status: 200, body: { index: accepted.index, leafHash: accepted.leafHash } });
  const raw = await log.fetch(`/entries/${accepted.index}`, { headers: { accept: 'application/json' } });
  expect(new Uint8Array(await raw.arrayBuffer())).toEqual(new Uint8Array(entry));
  expect(raw.headers.get('cache-control')).toContain('immutable');
  const proof = await log.fetch(`/entries/${accepted.index}/proof`);
  expect(proof.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  const parsed = parseTlogProof(new Uint8Array(await proof.arrayBuffer()));
  const { checkpoint } = openCheckpoint(parsed.checkpoint, log.logKey, verifyEd25519);
  expect(verifyInclusion(parsed.index, checkpoint.size, hashLeaf(entry), parsed.proof, checkpoint.root)).toBe(true);
});

test.each(['/entries/99999', '/entries/99999/status', '/entries/99999/proof'])('%s is a 404 problem', async (path) => {
  expect(await log.json(path)).toMatchObject({ status: 404, body: { code: 'unknown-entry' } });
});

test.each(['007', '+1', '-1', '1e3', '0x1', '%201', '9223372036854775808', 'x'])('the index %s is refused', async (text) => {
  expect(await log.json(`/entries/${text}`)).toMatchObject({ status: 400, body: { code: 'bad-number' } });
});

test('an entry below a batch’s own enrolment is refused, not guessed', async () => {
  const newcomer = testSigner('newcomer');
  const { body } = await log.batch([signStatement(anEnrolment(newcomer), [log.admin]), attempt(1, newcomer)]);
  expect(body.results.map((result: { status: number }) => result.status)).toEqual([200, 403]);
  expect((await log.post(attempt(1, newcomer))).status).toBe(200);
});

test('the keyid of the genesis signature is the root key’s', async () => {
  const { body } = await log.json('/entries/0', { headers: { accept: 'application/json' } });
  expect(body.signatures[0].keyid).toMatch(/^[0-9a-f]{64}$/);
  expect(body.signatures[0].keyid).not.toBe(keyidOf(log.admin.name, log.admin.publicKey));
});

test('an address that submits too fast gets 429 with Retry-After, and nothing of it is stored', async () => {
  await using limited = await startLog({ toml: '[limits]\nsubmissions_per_second = 0.001\nsubmissions_burst = 3\n' });
  const enrol = (name: string): Uint8Array => signStatement(anEnrolment(testSigner(name)), [limited.admin]);
  expect((await limited.post(enrol('a'))).status).toBe(200);
  expect((await limited.batch([enrol('b'), enrol('c')])).status).toBe(200);
  const refused = await limited.post(enrol('d'));
  expect(refused).toMatchObject({ status: 429, body: { code: 'too-many-requests' } });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await limited.batch([enrol('d')])).status).toBe(429);
  // Genesis, one entry, two entries, each with an index root.
  expect(await limited.size()).toBe(7);
});
