import { chmod, cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { INDEX_SCHEMA } from '@verbatim/service-kit';
import { signStatement } from '@verbatim/statements';
import { withByteChanged, anEnrolment, testSigner } from '@verbatim/testkit';
import Database from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
import { checkWholeLog, filesBelow, fromFolder } from '../_check-log.ts';
import { startLog, type TestLog, writeConfig } from '../_log.ts';
import { forgetIndex, repairTiles } from '../repair.ts';
import { MIGRATIONS } from '../store/schema.ts';

let folders: string[] = [];

afterEach(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
  folders = [];
});

const enrolments = (log: TestLog, from: number, count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => signStatement(anEnrolment(testSigner(`key-${from + i}`)), [log.admin]));

/** A stopped log of so many entries: genesis and its index root, then batches that each end with one. */
async function stoppedLog(size: number): Promise<{ dir: string; log: TestLog }> {
  const log = await startLog();
  for (let at = 2; at < size; at += 251) await log.batch(enrolments(log, at, Math.min(250, size - at - 1)));
  const dir = await log.stop();
  folders.push(dir);
  return { dir, log };
}

const publicFolder = (dir: string): string => join(dir, 'data/public');

/** Starts again, logs one entry more, which brings an index root, and checks everything. */
async function expectWhole(dir: string, size: number): Promise<void> {
  const log = await startLog({ dir });
  try {
    expect((await log.post(enrolments(log, 100_000, 1)[0]!)).status).toBe(200);
    expect(await checkWholeLog(fromFolder(publicFolder(dir)), log.logKey)).toHaveLength(size + 2);
  } finally {
    await log.stop();
  }
}

test.each([2, 4, 255, 256, 257, 301])('a log of %s entries is continued after a restart', async (size) => {
  const { dir } = await stoppedLog(size);
  await expectWhole(dir, size);
});

test('files at the edge that are missing are put back', async () => {
  const { dir, log } = await stoppedLog(301);
  const before = await filesBelow(publicFolder(dir));
  for (const path of ['tile/0/001.p/45', 'tile/entries/001.p/45', 'tile/1/000.p/1', 'tile/0/000', 'checkpoint'])
    await rm(join(publicFolder(dir), path));
  const again = await startLog({ dir });
  expect(await checkWholeLog(fromFolder(publicFolder(dir)), log.logKey)).toHaveLength(301);
  expect(await filesBelow(publicFolder(dir))).toEqual(before);
  await again.stop();
});

test('entries that were sequenced and neither integrated nor signed are, after a restart', async () => {
  const { dir, log } = await stoppedLog(301);
  // The state after a kill between the transaction and the tiles: the signed checkpoint is an older one.
  const db = new Database(join(dir, 'data/log.db'));
  db.exec('DELETE FROM signed_checkpoint; DELETE FROM published_checkpoint');
  db.close();
  await rm(publicFolder(dir), { recursive: true });
  const again = await startLog({ dir });
  expect(await checkWholeLog(fromFolder(publicFolder(dir)), log.logKey)).toHaveLength(301);
  await again.stop();
});

test('an old copy of the database is refused: going on would fork the log', async () => {
  const { dir, log } = await stoppedLog(12);
  const old = join(dir, 'old.db');
  const db = new Database(join(dir, 'data/log.db'));
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  await cp(join(dir, 'data/log.db'), old);
  const again = await startLog({ dir });
  await again.batch(enrolments(log, 500, 5));
  await again.stop();
  for (const name of ['log.db', 'log.db-wal', 'log.db-shm']) await rm(join(dir, 'data', name), { force: true });
  await cp(old, join(dir, 'data/log.db'));
  await expect(startLog({ dir })).rejects.toMatchObject({ code: 'rolled-back' });
});

test('another history behind the published checkpoint is refused', async () => {
  const { dir } = await stoppedLog(12);
  const other = await stoppedLog(12);
  await cp(join(publicFolder(other.dir), 'checkpoint'), join(publicFolder(dir), 'checkpoint'));
  await expect(startLog({ dir })).rejects.toMatchObject({ code: 'unverified-note' });
});

test('entries missing below the signed checkpoint are refused', async () => {
  const { dir } = await stoppedLog(12);
  const db = new Database(join(dir, 'data/log.db'));
  db.pragma('foreign_keys = OFF');
  db.exec('DELETE FROM entries WHERE idx > 5');
  db.close();
  await expect(startLog({ dir })).rejects.toMatchObject({ code: 'entries-missing' });
});

test('an altered compact range is refused', async () => {
  const { dir } = await stoppedLog(12);
  const db = new Database(join(dir, 'data/log.db'));
  const { compact_range: range } = db.prepare<[], { compact_range: Buffer }>('SELECT compact_range FROM signed_checkpoint').get()!;
  db.prepare('UPDATE signed_checkpoint SET compact_range = ?').run(withByteChanged(new Uint8Array(range)));
  db.close();
  await expect(startLog({ dir })).rejects.toMatchObject({ code: 'bad-checkpoint' });
});

test('another key or origin than the database’s is refused', async () => {
  const { dir } = await stoppedLog(4);
  const other = await stoppedLog(4);
  await cp(join(other.dir, 'keys/log.key'), join(dir, 'keys/log.key'));
  await expect(startLog({ dir })).rejects.toMatchObject({ code: 'wrong-identity' });
});

test.each([
  ['a full tile', 'tile/0/000'],
  ['a full bundle', 'tile/entries/000'],
  ['the tile at the edge', 'tile/0/001.p/45'],
  ['the bundle at the edge', 'tile/entries/001.p/45'],
])('%s with one byte changed is found by "repair", which writes that file and no other again', async (_, path) => {
  const { dir, log } = await stoppedLog(301);
  const file = join(publicFolder(dir), path);
  const sound = await readFile(file);
  await chmod(file, 0o644);
  await writeFile(file, withByteChanged(new Uint8Array(sound), 100));
  await expect(checkWholeLog(fromFolder(publicFolder(dir)), log.logKey)).rejects.toThrow(/hash|bundle/);
  expect(await repairTiles(await writeConfig(dir))).toEqual([path]);
  expect(await readFile(file)).toEqual(sound);
  expect(await checkWholeLog(fromFolder(publicFolder(dir)), log.logKey)).toHaveLength(301);
  expect(await repairTiles(await writeConfig(dir))).toEqual([]);
});

test('a damaged tile at the edge keeps the log from starting', async () => {
  const { dir } = await stoppedLog(301);
  for (const path of ['tile/0/000', 'tile/0/001.p/45']) {
    const file = join(publicFolder(dir), path);
    const sound = await readFile(file);
    await chmod(file, 0o644);
    await writeFile(file, withByteChanged(new Uint8Array(sound)));
    await expect(startLog({ dir })).rejects.toMatchObject({ code: expect.stringMatching(/^(damaged-tiles|conflict)$/) as unknown });
    await writeFile(file, sound);
  }
  await expectWhole(dir, 301);
});

test('repair writes nothing when the database itself does not hash to what was signed', async () => {
  const { dir } = await stoppedLog(301);
  const db = new Database(join(dir, 'data/log.db'));
  db.prepare('UPDATE entries SET leaf_hash = ? WHERE idx = 7').run(Buffer.alloc(32, 1));
  db.close();
  const before = await readFile(join(publicFolder(dir), 'tile/0/000'));
  await expect(repairTiles(await writeConfig(dir))).rejects.toMatchObject({ code: 'bad-checkpoint' });
  expect(await readFile(join(publicFolder(dir), 'tile/0/000'))).toEqual(before);
});

test('a log from before the index gets one, and goes on', async () => {
  const { dir, log } = await stoppedLog(301);
  const entries = await checkWholeLog(fromFolder(publicFolder(dir)), log.logKey);
  // As the first version left it: no index, and no index root behind the last entry.
  const db = new Database(join(dir, 'data/log.db'));
  db.exec(
    'DROP TABLE standing; DROP TABLE index_nodes; DROP TABLE index_states; DELETE FROM entries WHERE idx = 300; DELETE FROM signed_checkpoint; DELETE FROM published_checkpoint',
  );
  db.pragma(`user_version = ${MIGRATIONS.indexOf(INDEX_SCHEMA)}`);
  db.close();
  await rm(publicFolder(dir), { recursive: true });
  await expectWhole(dir, 301);
  expect((await checkWholeLog(fromFolder(publicFolder(dir)), log.logKey)).slice(0, 301)).toEqual(entries);
});

test.each<[string, string]>([
  ['another root', 'UPDATE index_states SET root = zeroblob(32)'],
  ['no pairs', 'UPDATE index_states SET top = NULL, root = NULL'],
  ['a size beyond the entries', 'UPDATE index_states SET size = size + 1'],
  ['a last entry that states no root', 'UPDATE entries SET entry = (SELECT entry FROM entries WHERE idx = 2) WHERE idx = 11'],
  ['a last entry that states an earlier root', 'UPDATE entries SET entry = (SELECT entry FROM entries WHERE idx = 1) WHERE idx = 11'],
])('a stored index with %s is refused', async (_, sql) => {
  const { dir } = await stoppedLog(12);
  const db = new Database(join(dir, 'data/log.db'));
  db.exec(sql);
  db.close();
  // Tiles would contradict an altered entry first.
  await rm(publicFolder(dir), { recursive: true });
  await expect(startLog({ dir })).rejects.toMatchObject({ name: 'LogStateError', code: 'bad-index' });
});

test.each([
  ['all of it', 'DELETE FROM index_nodes; DELETE FROM index_states'],
  ['everything since an earlier batch', ''],
])('an index that lacks %s is made again from the entries, with the roots that they state', async (_, sql) => {
  const { dir, log } = await stoppedLog(12);
  const copy = join(dir, 'earlier.db');
  await cp(join(dir, 'data/log.db'), copy);
  const again = await startLog({ dir });
  await again.batch(enrolments(log, 500, 200));
  await again.stop();
  const db = new Database(join(dir, 'data/log.db'));
  db.exec(
    sql === ''
      ? `ATTACH '${copy}' AS earlier; DELETE FROM index_nodes; DELETE FROM index_states;
         INSERT INTO index_nodes SELECT * FROM earlier.index_nodes; INSERT INTO index_states SELECT * FROM earlier.index_states`
      : sql,
  );
  db.close();
  await expectWhole(dir, 12 + 201);
});

test('an index whose nodes were altered is refused, and made again after "repair --index"', async () => {
  const { dir } = await stoppedLog(12);
  const db = new Database(join(dir, 'data/log.db'));
  db.exec('UPDATE index_states SET size = 10');
  db.exec("UPDATE index_nodes SET node = x'00'");
  db.close();
  await expect(startLog({ dir })).rejects.toMatchObject({ name: 'LogStateError', code: 'bad-index' });
  forgetIndex(await writeConfig(dir));
  await expectWhole(dir, 12);
});
