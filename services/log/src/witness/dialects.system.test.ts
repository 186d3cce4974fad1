import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  computeKeyId,
  formatSignatureLine,
  KEY_TYPE_COSIGNATURE,
  openCheckpoint,
  parseNote,
  parseVkey,
  verifyCosignature,
} from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { signStatement } from '@verbatim/statements';
import { anEnrolment, testSigner } from '@verbatim/testkit';
import { afterEach, expect, test } from 'vitest';
import { filesBelow } from '../_check-log.ts';
import { eventually, startLog, type TestLog, type TestLogOptions } from '../_log.ts';
import { type Dialect, TestWitness } from './_witness.ts';

/** Where the answer is to be that the witness is late: nobody waits long to be told so. */
const HASTY = 'witness_timeout_ms = 300\n';
/** Where a witness is to be given up that does not answer. A busy machine may need more than that for one that does. */
const SHORT_REQUESTS = 'witness_request_timeout_ms = 500\n';
/** Where every entry is to be witnessed, however slow the machine. */
const PATIENT = 'witness_timeout_ms = 60000\n';
let cleanup: AsyncDisposable[] = [];

afterEach(async () => {
  for (const each of cleanup.toReversed()) await each[Symbol.asyncDispose]();
  cleanup = [];
});

async function witnesses(count: number): Promise<TestWitness[]> {
  const started = await Promise.all(Array.from({ length: count }, (_, i) => TestWitness.start(`witness.example/w${i + 1}`)));
  cleanup.push(...started);
  return started;
}

/** A log with these witnesses, which know it. */
async function logWith(
  found: readonly TestWitness[],
  {
    quorum = '"all"',
    toml = HASTY,
    more = '',
    introduce = true,
    ...options
  }: TestLogOptions & { quorum?: string; more?: string; introduce?: boolean } = {},
): Promise<TestLog> {
  const log = await startLog({ ...options, toml: `${toml}quorum = ${quorum}\n${found.map((witness) => witness.toml(more)).join('')}` });
  cleanup.push(log);
  if (introduce) for (const witness of found) witness.logVkey = log.keys.logVkey;
  return log;
}

const enrolment = (log: TestLog, name: string): Uint8Array => signStatement(anEnrolment(testSigner(name)), [log.admin]);

async function published(log: TestLog) {
  const response = await log.fetch('/checkpoint');
  if (response.status !== 200) throw new Error(`nothing is published: ${response.status}`);
  return openCheckpoint(new Uint8Array(await response.arrayBuffer()), log.logKey, verifyEd25519);
}

/** Names of witnesses whose cosignature on the published checkpoint verifies. */
async function cosigners(log: TestLog, found: readonly TestWitness[]): Promise<string[]> {
  const { note } = await published(log);
  return found
    .filter((witness) =>
      note.signatures.some((line) => verifyCosignature(note.text, line, parseVkey(witness.vkey), verifyEd25519) !== null),
    )
    .map(({ signer }) => signer.name);
}

const answering =
  (status: number, body = '', headers: Record<string, string> = {}): Dialect =>
  (response) => {
    response.writeHead(status, headers).end(body);
    return true;
  };

test('an entry is acknowledged with a checkpoint that all witnesses of the quorum cosigned', async () => {
  const found = await witnesses(2);
  const log = await logWith(found);
  await eventually(() => published(log));
  const answer = await eventually(async () => {
    const got = await log.post(enrolment(log, 'a'));
    expect(got.status).toBe(200);
    return got;
  });
  const { text, signatures } = parseNote(Buffer.from(answer.body.checkpoint));
  for (const witness of found)
    expect(signatures.some((line) => verifyCosignature(text, line, parseVkey(witness.vkey), verifyEd25519) !== null)).toBe(true);
});

test('witnesses are sent the log’s own signature line and no other', async () => {
  const found = await witnesses(2);
  const log = await logWith(found);
  for (const name of ['a', 'b', 'c']) await eventually(async () => expect((await log.post(enrolment(log, name))).status).toBe(200));
  const sent = found.flatMap(({ exchanges }) => exchanges);
  expect(sent.length).toBeGreaterThan(3);
  for (const { note } of sent) expect(parseNote(Buffer.from(note)).signatures.map(({ name }) => name)).toEqual([log.config.origin]);
});

/** How deployed witnesses answer for an origin that they do not know yet: it is a matter of time, not an alarm. */
test.each([
  ['spec, litewitness', answering(404, 'unknown log\n', { 'content-type': 'text/plain' })],
  ['sunlight', answering(403, 'unknown log\n')],
  ['omniwitness', answering(500)],
])('unknown origin as %s answers: the log takes nothing yet, and it ends by itself', async (_, dialect) => {
  const [witness] = await witnesses(1);
  witness!.dialect = dialect;
  const log = await logWith([witness!]);
  const entry = enrolment(log, 'a');
  const refused = await log.post(entry);
  expect(refused).toMatchObject({ status: 503, body: { code: 'not-confirmed' } });
  expect(refused.headers.get('retry-after')).toMatch(/^[1-9][0-9]*$/);
  expect((await log.fetch('/checkpoint')).status).toBe(503);
  expect((await log.json('/readyz')).body).toMatchObject({
    checks: { confirmed: { ok: false, detail: expect.stringContaining('w1') as unknown } },
  });
  witness!.dialect = () => false;
  await eventually(async () => expect((await log.post(entry)).status).toBe(200));
  expect(log.fatal).toEqual([]);
});

test.each([
  ['spec, litewitness', answering(404, 'unknown log\n', { 'content-type': 'text/plain' })],
  ['sunlight', answering(403, 'unknown log\n')],
  ['omniwitness', answering(500)],
])('a witness that forgets the origin, as %s answers: nothing is published, nothing is lost, and it ends by itself', async (_, dialect) => {
  const [witness] = await witnesses(1);
  const log = await logWith([witness!]);
  await eventually(() => published(log));
  witness!.dialect = dialect;
  const entry = enrolment(log, 'a');
  const refused = await log.post(entry);
  expect(refused).toMatchObject({ status: 503, body: { code: 'not-yet-witnessed' } });
  expect(refused.headers.get('retry-after')).toMatch(/^[1-9][0-9]*$/);
  const { index, leafHash } = refused.body;
  expect(await log.json(`/entries/${index}/status`)).toMatchObject({ status: 503, body: { code: 'not-yet-witnessed', index, leafHash } });
  expect((await log.fetch(`/entries/${index}`)).status).toBe(404);
  witness!.dialect = () => false;
  await eventually(async () => expect(await log.post(entry)).toMatchObject({ status: 200, body: { index, duplicate: true, leafHash } }));
  expect(await log.json(`/entries/${index}/status`)).toMatchObject({ status: 200, body: { index } });
  expect(log.fatal).toEqual([]);
});

test('a witness that is at another size is asked again with a proof from there', async () => {
  const [witness] = await witnesses(1);
  const log = await logWith([witness!]);
  for (const name of ['a', 'b', 'c']) await eventually(async () => expect((await log.post(enrolment(log, name))).status).toBe(200));
  const dir = await log.stop();
  // The log forgets what its witness holds.
  const { default: Database } = await import('better-sqlite3');
  const db = new Database(join(dir, 'data/log.db'));
  db.exec('UPDATE witnesses SET size = 0');
  db.close();
  const again = await startLog({ dir, toml: `${HASTY}quorum = "all"\n${witness!.toml()}` });
  cleanup.push(again);
  await eventually(async () => expect((await again.post(enrolment(again, 'd'))).status).toBe(200));
  const conflict = witness!.exchanges.findIndex(({ status }) => status === 409);
  expect(conflict).toBeGreaterThan(0);
  expect(witness!.exchanges[conflict + 1]).toMatchObject({ oldSize: 8n, status: 200 });
});

test('the witness’s size is remembered over a restart: no conflict, no guess', async () => {
  const [witness] = await witnesses(1);
  const log = await logWith([witness!]);
  for (const name of ['a', 'b']) await eventually(async () => expect((await log.post(enrolment(log, name))).status).toBe(200));
  const again = await startLog({ dir: await log.stop(), toml: `${HASTY}quorum = "all"\n${witness!.toml()}` });
  cleanup.push(again);
  await eventually(async () => expect((await again.post(enrolment(again, 'c'))).status).toBe(200));
  expect(witness!.exchanges.filter(({ status }) => status === 409)).toEqual([]);
});

test.each([
  ['omniwitness before 2026-07: 409 with an empty body', answering(409)],
  ['the specification: 422', answering(422, 'the root is another one\n')],
  ['tlog-witness v1.0.0: 409 with the same size', ((response, { size }) => (response.writeHead(409).end(`${size}\n`), true)) as Dialect],
])('split view, as said by %s: evidence is saved, the witness is closed, the log fails closed', async (_, dialect) => {
  const [witness] = await witnesses(1);
  const log = await logWith([witness!], { toml: `${HASTY}renew_ms = 300\n` });
  await eventually(() => published(log));
  // The renewal asks again for the size that the witness holds.
  witness!.dialect = (response, request) => request.oldSize === request.size && dialect(response, request);
  const evidence = join(log.config.data_dir, 'evidence');
  const [file] = await eventually(async () => {
    const files = await filesBelow(evidence);
    expect(files).toHaveLength(1);
    return files;
  });
  const saved = JSON.parse(await readFile(join(evidence, file!), 'utf8'));
  expect(saved).toMatchObject({ kind: 'split-view', witness: { vkey: witness!.vkey } });
  expect(saved.request).toContain(log.config.origin);
  // Fails closed: nothing more is published, even though the witness would cosign now.
  witness!.dialect = () => false;
  expect(await log.post(enrolment(log, 'a'))).toMatchObject({ status: 503, body: { code: 'not-yet-witnessed' } });
  const asked = witness!.exchanges.length;
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(witness!.exchanges.length).toBe(asked);
  expect((await log.fetch('/readyz')).status).toBe(503);
  // A restart does not forget the alarm.
  const again = await startLog({ dir: await log.stop(), toml: `${HASTY}renew_ms = 300\nquorum = "all"\n${witness!.toml()}` });
  cleanup.push(again);
  expect(await again.post(enrolment(again, 'a'))).toMatchObject({ status: 503 });
  expect(witness!.exchanges.length).toBe(asked);
});

test('a witness that has seen more than this log ever signed stops the log, which says why', async () => {
  const [witness] = await witnesses(1);
  const log = await logWith([witness!], { introduce: false });
  witness!.dialect = answering(409, '651\n', { 'content-type': 'text/x.tlog.size' });
  await eventually(() => expect(log.fatal).toHaveLength(1));
  expect(String(log.fatal[0])).toContain('lost state');
  expect(String(log.fatal[0])).toContain('651');
  const answer = await log.post(enrolment(log, 'a'));
  expect(answer.status).toBe(503);
  expect((await log.fetch('/readyz')).status).toBe(503);
});

test('a witness that refuses our proof is asked again later, and the evidence is kept', async () => {
  const [witness] = await witnesses(1);
  const log = await logWith([witness!]);
  await eventually(() => published(log));
  witness!.dialect = answering(422);
  expect((await log.post(enrolment(log, 'a'))).status).toBe(503);
  await eventually(async () =>
    expect((await filesBelow(join(log.config.data_dir, 'evidence'))).filter((name) => name.startsWith('proof-refused'))).toHaveLength(1),
  );
  witness!.dialect = () => false;
  await eventually(async () => expect((await log.post(enrolment(log, 'a'))).status).toBe(200));
});

test('push-back is obeyed: no request comes before Retry-After', async () => {
  const [witness] = await witnesses(1);
  const log = await logWith([witness!]);
  await eventually(() => published(log));
  let pushed = 0;
  witness!.dialect = (response) => {
    pushed = Date.now();
    response.writeHead(429, { 'retry-after': '1' }).end();
    witness!.dialect = () => false;
    return true;
  };
  await log.post(enrolment(log, 'a'));
  await eventually(async () => expect((await log.post(enrolment(log, 'a'))).status).toBe(200));
  expect(Date.now() - pushed).toBeGreaterThanOrEqual(950);
});

const endless: Dialect = (response) => {
  response.writeHead(200);
  const pour = (): void => void (response.destroyed || (response.write('x'.repeat(16_384)), setTimeout(pour, 1)));
  pour();
  return true;
};

test.each<[string, (witness: TestWitness) => Dialect]>([
  ['never answers', () => () => true],
  [
    'sends a byte now and then',
    () => (response) => (response.writeHead(200), response.write('x'), void setInterval(() => response.write('x'), 100).unref(), true),
  ],
  ['answers without end', () => endless],
  ['closes the connection', () => (response) => (response.destroy(), true)],
  ['answers 200 with nothing', () => answering(200)],
  ['answers 200 with HTML', () => answering(200, '<html>welcome</html>\n')],
  [
    'answers with another key’s line',
    () =>
      (response, { note }) => (response.writeHead(200).end(anotherKeysLine(note)), true),
  ],
  [
    'cosigns other text',
    (witness) => (response) => (
      response.writeHead(200).end(witness.line('other.example\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n')),
      true
    ),
  ],
  [
    'cosigns an hour ahead',
    (witness) =>
      (response, { note }) => (
        response.writeHead(200).end(witness.line(parseNote(Buffer.from(note)).text, BigInt(Math.floor(Date.now() / 1000) + 3600))),
        true
      ),
  ],
  [
    'signs like a log instead of a witness',
    (witness) =>
      (response, { note }) => (response.writeHead(200).end(plainSignature(witness, note)), true),
  ],
])('a witness that %s is never counted, and holds nobody up for long', async (_, dialect) => {
  const found = await witnesses(3);
  found[0]!.dialect = dialect(found[0]!);
  // Whoever waited for it would wait longer than `eventually` does.
  const log = await logWith(found, { quorum: '2', toml: `${HASTY}${SHORT_REQUESTS}` });
  await eventually(async () => expect((await log.post(enrolment(log, 'a'))).status).toBe(200));
  expect(await cosigners(log, found)).not.toContain(found[0]!.signer.name);
  expect(log.fatal).toEqual([]);
});

function anotherKeysLine(note: string): string {
  const other = testSigner('witness.example/other');
  const { text } = parseNote(Buffer.from(note));
  return formatSignatureLine({
    name: other.name,
    keyId: computeKeyId(other.name, KEY_TYPE_COSIGNATURE, other.publicKey),
    signature: other.sign(Buffer.from(text)),
  });
}

function plainSignature({ signer }: TestWitness, note: string): string {
  const { text } = parseNote(Buffer.from(note));
  const signature = Buffer.concat([Buffer.alloc(8), signer.sign(Buffer.from(text))]);
  return formatSignatureLine({ name: signer.name, keyId: computeKeyId(signer.name, KEY_TYPE_COSIGNATURE, signer.publicKey), signature });
}

test('lines of unknown keys beside the witness’s own are ignored, not published', async () => {
  const [witness] = await witnesses(1);
  witness!.dialect = (response, { note }) => {
    const { text } = parseNote(Buffer.from(note));
    const mldsa = formatSignatureLine({ name: witness!.signer.name, keyId: 0x12345678, signature: new Uint8Array(2428).fill(7) });
    witness!.size = BigInt(text.split('\n')[1]!);
    response.writeHead(200).end(mldsa + witness!.line(text));
    return true;
  };
  const log = await logWith([witness!]);
  await eventually(() => published(log));
  const { note } = await published(log);
  const lines = note.signatures.filter(({ name }) => !name.startsWith('grease.invalid/'));
  expect(lines.map(({ name }) => name)).toEqual([log.config.origin, witness!.signer.name]);
});

test('below the quorum nothing is published, however long it takes', async () => {
  const found = await witnesses(3);
  for (const witness of found.slice(0, 2)) witness.dialect = answering(500);
  const log = await logWith(found, { quorum: '2' });
  expect((await log.post(enrolment(log, 'a'))).status).toBe(503);
  await eventually(() => expect(found[0]!.exchanges.length).toBeGreaterThan(2));
  expect((await log.fetch('/checkpoint')).status).toBe(503);
});

test('witnesses of very different speed converge on one size under steady load', async () => {
  const found = await witnesses(2);
  const log = await logWith(found, { toml: PATIENT });
  await eventually(() => published(log));
  const delays = [5, 180];
  found.forEach((witness, i) => {
    witness.dialect = async () => {
      await new Promise((resolve) => setTimeout(resolve, delays[i]));
      return false;
    };
  });
  const statuses: number[] = [];
  const pending: Promise<unknown>[] = [];
  for (let i = 0; i < 60; i++) {
    pending.push(log.post(enrolment(log, `steady-${i}`)).then(({ status }) => statuses.push(status)));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await Promise.all(pending);
  expect(statuses.filter((status) => status === 200)).toHaveLength(60);
});

test('one round is in flight per witness, and its interval is kept', async () => {
  const [witness] = await witnesses(1);
  let inFlight = 0;
  let most = 0;
  const rounds: { asked: number; answered: number }[] = [];
  witness!.dialect = async () => {
    const asked = performance.now();
    most = Math.max(most, ++inFlight);
    await new Promise((resolve) => setTimeout(resolve, 30));
    inFlight--;
    rounds.push({ asked, answered: performance.now() });
    return false;
  };
  const log = await logWith([witness!], { more: 'interval_ms = 200\n', toml: PATIENT });
  await eventually(() => published(log));
  await Promise.all(
    Array.from({ length: 8 }, async (_, i) => {
      await new Promise((resolve) => setTimeout(resolve, i * 60));
      expect((await log.post(enrolment(log, `i-${i}`))).status).toBe(200);
    }),
  );
  expect(most).toBe(1);
  // However few rounds those shared: one each.
  for (const name of ['another', 'last']) expect((await log.post(enrolment(log, name))).status).toBe(200);
  expect(rounds.length).toBeGreaterThan(2);
  // The log counts from the answer. When a request was sent is not seen here, only when it came; it cannot have come before.
  for (let i = 1; i < rounds.length; i++) expect(rounds[i]!.asked - rounds[i - 1]!.answered).toBeGreaterThanOrEqual(199);
});

test('cosignatures of an unchanged checkpoint are renewed', async () => {
  const found = await witnesses(2);
  let time = BigInt(Math.floor(Date.now() / 1000)) - 100n;
  for (const witness of found) witness.clock = () => time;
  const log = await logWith(found, { toml: `${HASTY}renew_ms = 200\n` });
  await eventually(() => published(log));
  time += 50n;
  await eventually(async () => {
    const { note } = await published(log);
    const times = found.map((witness) =>
      note.signatures
        .map((line) => verifyCosignature(note.text, line, parseVkey(witness.vkey), verifyEd25519))
        .find((found) => found !== null),
    );
    expect(times).toEqual([time, time]);
  });
});

test('with "quorum none" the log publishes at once and adds cosignatures when they come', async () => {
  const found = await witnesses(1);
  const held = Promise.withResolvers<void>();
  found[0]!.dialect = async () => {
    await held.promise;
    return false;
  };
  const log = await logWith(found, { quorum: '"none"' });
  expect((await log.post(enrolment(log, 'a'))).status).toBe(200);
  expect(await cosigners(log, found)).toEqual([]);
  held.resolve();
  await eventually(async () => expect(await cosigners(log, found)).toEqual([found[0]!.signer.name]));
});

test('too many entries without witnesses: 503 without index, and nothing stored', async () => {
  const [witness] = await witnesses(1);
  const log = await logWith([witness!], { toml: 'witness_timeout_ms = 50\n', more: '[limits]\nmax_pending = 4\n' });
  await eventually(() => published(log));
  witness!.dialect = answering(500);
  const answers = [];
  for (let i = 0; i < 8; i++) answers.push(await log.post(enrolment(log, `many-${i}`)));
  const stored = answers.findIndex(({ body }) => body.code === 'overloaded');
  expect(stored).toBeGreaterThan(0);
  for (const { body } of answers.slice(0, stored)) expect(body.code).toBe('not-yet-witnessed');
  for (const { body } of answers.slice(stored)) expect(body.code).toBe('overloaded');
  const last = answers.at(-1)!;
  expect(last.status).toBe(503);
  expect(last.body.index).toBeUndefined();
  expect(last.headers.get('retry-after')).toBe('1');
  const next = answers[stored - 1]!.body.index + 2;
  expect((await log.json(`/entries/${next}/status`)).status).toBe(404);
});
