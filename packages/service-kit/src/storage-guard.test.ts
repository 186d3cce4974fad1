import { join } from 'node:path';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { ProblemError } from './problem.ts';
import { StorageGuard } from './storage-guard.ts';

const fatal = (error: unknown): never => {
  throw new Error('fatal', { cause: error });
};

test('a full database is 503 with Retry-After and an unfit health, until something is recorded again', () => {
  const folder = mkdtempSync(join(tmpdir(), 'witness-'));
  const db = new Database(join(folder, 'a.sqlite'));
  onTestFinished(() => {
    db.close();
    rmSync(folder, { recursive: true });
  });
  db.exec('CREATE TABLE t (x BLOB)');
  db.pragma('max_page_count = 5');
  const guard = new StorageGuard(fatal);
  const insert = (bytes: number) => () => db.prepare('INSERT INTO t VALUES (zeroblob(?))').run(bytes);
  const error = (() => {
    try {
      return guard.run(insert(100_000));
    } catch (caught) {
      return caught;
    }
  })();
  expect(error).toBeInstanceOf(ProblemError);
  expect((error as ProblemError).problem).toMatchObject({ status: 503, code: 'storage-unavailable', headers: { 'retry-after': '5' } });
  expect(guard.health()).toEqual({ ok: false, detail: 'the last request failed with SQLITE_FULL' });
  guard.run(() => db.prepare('SELECT * FROM t').all());
  expect(guard.health().ok).toBe(false);
  guard.run(insert(10));
  guard.recovered();
  expect(guard.health()).toEqual({ ok: true });
});

test.each(['SQLITE_IOERR_FSYNC', 'SQLITE_IOERR', 'SQLITE_CORRUPT', 'SQLITE_NOTADB'])('%s ends the process', (code) => {
  const failing = (): never => {
    throw new Database.SqliteError('disk', code);
  };
  expect(() => new StorageGuard(fatal).run(failing)).toThrow('fatal');
});

test('other errors pass through', () => {
  const failing = (): never => {
    throw new TypeError('bug');
  };
  expect(() => new StorageGuard(fatal).run(failing)).toThrow(TypeError);
});
