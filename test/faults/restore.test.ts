/**
 * A log that comes back from a copy. Whatever way an old one comes back, it must not sign a second history: its witnesses know better, or its
 * operator must. Everything here is a real log process with a real witness.
 */
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { mustVerbatim } from '@verbatim/local';
import { signStatement } from '@verbatim/statements';
import { anEnrolment, aRevocation, testSigner } from '@verbatim/testkit';
import { afterEach, expect, test } from 'vitest';
import { prepareObservations, publishedSize, startLog, type RunningLog } from '../_log.ts';

let log: RunningLog;
let names = 0;

afterEach(() => log[Symbol.asyncDispose]());

const enrolment = (): Uint8Array => signStatement(anEnrolment(testSigner(`rebuilder-${names++}`)), [log.admin]);

async function add(count: number): Promise<void> {
  for (let i = 0; i < count; i++) expect(await log.submit(enrolment())).toMatchObject({ status: 200 });
}

const database = (): string => join(log.dataDir, 'log.db');
const backups = (name: string): string => join(log.dataDir, '..', name);

async function backup(name: string): Promise<string> {
  const folder = backups(name);
  const { code, stderr } = await log.run('backup', '--to', folder);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return folder;
}

/** The machine is lost, with everything that the log wrote on it. */
async function lose(): Promise<void> {
  // Unless it has ended already.
  await log.kill().catch(() => {});
  await rename(log.dataDir, `${log.dataDir}.lost-${names++}`);
}

async function restore(from: string): Promise<void> {
  const { code, stderr } = await log.run('restore', '--from', from);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
}

/** The size that the database has signed. */
function signedSize(): number {
  const db = new DatabaseSync(database(), { readOnly: true });
  const row = db.prepare('SELECT size FROM signed_checkpoint').get();
  db.close();
  return Number(row?.['size'] ?? 0);
}

/** It ends by itself, says what to do, and has signed nothing. */
async function expectRefusal(message: RegExp): Promise<void> {
  const before = signedSize();
  const said = (await log.said()).length;
  // Without a copy's mark it starts, is told better by its witness, and ends.
  await log.restart().then(
    () => log.ended,
    () => {},
  );
  expect((await log.said()).slice(said)).toMatch(message);
  expect(signedSize()).toBe(before);
}

test('a backup of a running log comes back with everything, and the log goes on', async () => {
  log = await startLog({ witness: true });
  const writing = add(20);
  const folder = await backup('backup');
  await writing;
  expect((await log.run('backup', '--to', folder)).stderr).toContain('expected no folder, found one');
  const newest = await backup('newest');
  const size = await publishedSize(log);
  await lose();
  await restore(newest);
  await log.restart();
  await add(3);
  expect(await publishedSize(log)).toBeGreaterThan(size);
});

/** Every row but those that tiles do not tell, or that are about this database only. */
function rows(): Record<string, unknown[]> {
  const own = new Set(['standing', 'published_checkpoint', 'witnesses', 'index_nodes', 'index_states', 'blobs', 'blob_usage']);
  const db = new DatabaseSync(database(), { readOnly: true });
  const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").all();
  const found = tables
    .map(({ name }) => String(name))
    .filter((name) => !own.has(name))
    .map((name) => [name, db.prepare(`SELECT * FROM ${name}`).all()] as const);
  db.close();
  for (const row of found.flatMap(([, all]) => all)) delete row['logged_at'];
  return Object.fromEntries(found);
}

test('from a copy of its tiles a log comes back as it was, row for row', async () => {
  log = await startLog({ witness: true });
  const observations = await prepareObservations(log, 300);
  expect(await log.submitBatch(observations.slice(0, 250))).toMatchObject({ status: 200 });
  for (const entry of observations.slice(250)) expect(await log.submit(entry)).toMatchObject({ status: 200 });
  const revoked = testSigner('rebuilder-3.example');
  expect(await log.submit(signStatement(aRevocation(revoked), [log.admin]))).toMatchObject({ status: 200 });
  const copy = backups('tiles');
  const exported = () => mustVerbatim(['log', 'export', '--log', log.url, '--vkey', log.vkey, '--to', copy]);
  await exported();
  const size = await publishedSize(log);
  await log.stop();
  const before = rows();
  await log.restart();
  await add(1);
  await lose();
  expect(await log.run('restore', '--from-tiles', copy)).toMatchObject({ code: 0, stdout: `{"origin":"${log.origin}","size":${size}}\n` });
  expect(rows()).toEqual(before);
  // One entry is missing in it.
  await expectRefusal(/rolled-back[^]*restore --from-tiles/);
  const lost = `${log.dataDir}.lost-${names - 1}`;
  await rename(log.dataDir, `${log.dataDir}.behind`);
  expect(await log.run('restore', '--from-tiles', join(lost, 'public'))).toMatchObject({ code: 0 });
  await log.restart();
  expect(await log.submit(observations[7]!)).toMatchObject({ status: 200, body: { duplicate: true } });
  await add(2);
  await exported();
});

test('an old copy is refused, whichever way it comes back: the witness has cosigned more', async () => {
  log = await startLog({ witness: true });
  await add(2);
  const old = await backup('old');
  await log.stop();
  await cp(log.dataDir, backups('copied'), { recursive: true });
  await log.restart();
  await add(2);
  await lose();
  await restore(old);
  await expectRefusal(/rolled-back[^]*has cosigned size 10 [^]*has signed 6[^]*restore a newer backup, or from tiles/);
  // As copying programs do it, without any mark.
  await lose();
  await cp(backups('copied'), log.dataDir, { recursive: true });
  await expectRefusal(/rolled-back[^]*has cosigned size 10 [^]*has signed 6/);
  // A new instance, with the key of the log that is lost.
  await lose();
  expect(await log.run('init')).toMatchObject({ code: 0 });
  await expectRefusal(/rolled-back[^]*has cosigned size 10 [^]*has signed 0/);
});

test('without an answer of the witness a restarted log reads on and takes nothing; with it, it goes on', async () => {
  log = await startLog({ witness: true, toml: 'witness_timeout_ms = 60000\n' });
  await add(2);
  await log.stop();
  const size = signedSize();
  // From here on the witness is silent, and nobody need wait long to be told so.
  const patient = await readFile(log.config, 'utf8');
  await writeFile(log.config, patient.replace('witness_timeout_ms = 60000', 'witness_timeout_ms = 300\nwitness_request_timeout_ms = 1000'));
  process.kill(log.witnessPid!, 'SIGSTOP');
  await log.restart();
  const entry = enrolment();
  expect(await log.submit(entry)).toMatchObject({ status: 503, body: { code: 'not-confirmed' } });
  expect((await fetch(`${log.url}/checkpoint`)).status).toBe(200);
  expect((await fetch(`${log.url}/readyz`)).status).toBe(503);
  expect(signedSize()).toBe(size);
  process.kill(log.witnessPid!, 'SIGCONT');
  await expect.poll(() => log.submit(entry), { timeout: 60_000 }).toMatchObject({ status: 200 });
});

test('without witnesses a copy needs its operator’s word, which must cover what the copy has', async () => {
  log = await startLog();
  await add(2);
  const old = await backup('old');
  await add(2);
  const newest = await backup('newest');
  const seen = backups('last-checkpoint');
  await cp(join(log.dataDir, 'public/checkpoint'), seen);
  await lose();
  const tiles = join(`${log.dataDir}.lost-${names - 1}`, 'public');
  await restore(old);
  await expectRefusal(/unproven[^]*confirm --last-checkpoint/);
  const refused = await log.run('confirm', '--last-checkpoint', seen);
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toContain('expected the 10 entries of the last checkpoint in the database; found only 6');
  await lose();
  expect(await log.run('restore', '--from-tiles', tiles)).toMatchObject({ code: 0 });
  await expectRefusal(/unproven[^]*confirm --last-checkpoint/);
  await lose();
  await restore(newest);
  expect(await log.run('confirm', '--last-checkpoint', seen)).toMatchObject({ code: 0, stdout: '{"confirmed":10}\n' });
  await log.restart();
  await add(1);
  await log.stop();
  await log.restart();
  await add(1);
});

test('what is no whole backup is not restored, and nothing is put over anything', async () => {
  log = await startLog();
  await add(2);
  const folder = await backup('good');
  await add(2);
  expect((await log.run('restore', '--from', folder)).stderr).toContain('expected no database');
  await log.stop();
  await rename(database(), `${database()}.away`);
  // The tiles that are still there are newer.
  expect((await log.run('restore', '--from', folder)).stderr).toMatch(/expected the 10 entries that .* shows; the copy has only 6/);
  await lose();
  await cp(folder, backups('cut'), { recursive: true });
  await rm(join(backups('cut'), 'backup.json'));
  expect((await log.run('restore', '--from', backups('cut'))).stderr).toContain('expected a whole backup');
  await cp(folder, backups('changed'), { recursive: true });
  const bytes = await readFile(join(folder, 'log.db'));
  bytes[bytes.length >> 1]! ^= 1;
  await writeFile(join(backups('changed'), 'log.db'), bytes);
  expect((await log.run('restore', '--from', backups('changed'))).stderr).toContain('expected the bytes with sha256');
  await mkdir(log.dataDir);
  await writeFile(`${database()}-wal`, 'left over');
  expect((await log.run('restore', '--from', folder)).stderr).toContain('log.db-wal: expected no database');
});
