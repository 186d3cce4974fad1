import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { DatabaseError, openDatabase, type OpenDatabaseOptions, type OwnedDatabase } from './database.ts';
import { runScript, temporaryFolder } from './_temporary.ts';

const first = 'CREATE TABLE log (origin TEXT PRIMARY KEY, size INTEGER NOT NULL) STRICT;';
const second = "ALTER TABLE log ADD COLUMN note TEXT NOT NULL DEFAULT '';";

function open(path: string, options: Partial<OpenDatabaseOptions> = {}): OwnedDatabase {
  return openDatabase(path, { migrations: [first], create: false, ...options });
}

function failure(run: () => unknown): DatabaseError {
  try {
    run();
  } catch (error) {
    if (error instanceof DatabaseError) return error;
    throw error;
  }
  throw new Error('expected a DatabaseError');
}

const openInChild = (path: string, then: string): string =>
  `import { openDatabase } from './index.ts';
   const db = openDatabase(${JSON.stringify(path)}, { migrations: [${JSON.stringify(first)}], create: true });
   ${then}`;

test('commits are durable, foreign keys hold, the schema is not trusted', () => {
  using db = open(join(temporaryFolder(), 'a.sqlite'), { create: true });
  const pragmas = ['journal_mode', 'synchronous', 'fullfsync', 'foreign_keys', 'trusted_schema', 'user_version'];
  expect(pragmas.map((name) => db.pragma(name, { simple: true }))).toEqual(['wal', 2, 1, 1, 0, 1]);
});

test('a missing database is refused unless it may be created, and an existing one where none may be', () => {
  const path = join(temporaryFolder(), 'a.sqlite');
  expect(failure(() => open(path)).code).toBe('missing');
  expect(failure(() => open(join(temporaryFolder(), 'no', 'a.sqlite'), { create: true })).code).toBe('missing');
  open(path, { create: 'only' }).close();
  expect(failure(() => open(path, { create: 'only' })).code).toBe('exists');
  open(path).close();
});

test('a database that was never initialised, or was emptied, is not taken for a fresh one', () => {
  const path = join(temporaryFolder(), 'a.sqlite');
  writeFileSync(path, '');
  expect(failure(() => open(path)).code).toBe('missing');
});

test('a file that is no database is refused and not touched', () => {
  const path = join(temporaryFolder(), 'a.sqlite');
  writeFileSync(path, 'not a database, but long enough to look at: '.repeat(100));
  expect(failure(() => open(path, { create: true })).code).toBe('unusable');
});

test('migrations run once, in order, and a newer schema is refused', () => {
  const path = join(temporaryFolder(), 'a.sqlite');
  const old = open(path, { create: true });
  old.exec("INSERT INTO log VALUES ('o', 7)");
  old.close();
  {
    using db = open(path, { migrations: [first, second] });
    expect(db.prepare('SELECT * FROM log').all()).toEqual([{ origin: 'o', size: 7, note: '' }]);
    expect(db.pragma('user_version', { simple: true })).toBe(2);
  }
  open(path, { migrations: [first, second] }).close();
  const error = failure(() => open(path));
  expect([error.code, error.message]).toEqual(['newer-schema', expect.stringContaining('expected schema 1 or older, found 2')]);
});

test('a migration that fails changes nothing', () => {
  const path = join(temporaryFolder(), 'a.sqlite');
  open(path, { create: true }).close();
  const broken = 'CREATE TABLE more (x) STRICT;';
  expect(failure(() => open(path, { migrations: [first, `CREATE TABLE half (x TEXT); ${broken}`] })).code).toBe('unusable');
  using db = open(path);
  expect(db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'half'").get()).toEqual({ n: 0 });
});

test('a second owner is refused, in this process and in others, until the first one closes', async () => {
  const path = join(temporaryFolder(), 'a.sqlite');
  const owner = open(path, { create: true });
  expect(failure(() => open(path)).code).toBe('in-use');
  const child = runScript(openInChild(path, ''));
  const { code, stderr } = await child.exited;
  expect(code).toBe(1);
  expect(stderr).toContain('found another process that has it open');
  owner.close();
  open(path).close();
});

test('another name for the same file is the same database', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'a.sqlite');
  using _ = open(path, { create: true });
  symlinkSync(path, join(folder, 'b.sqlite'));
  mkdirSync(join(folder, 'd'));
  expect(failure(() => open(join(folder, 'b.sqlite'))).code).toBe('in-use');
  expect(failure(() => open(join(folder, 'd', '..', 'a.sqlite'))).code).toBe('in-use');
});

test('kill -9 releases the ownership and keeps what was committed', async () => {
  const path = join(temporaryFolder(), 'a.sqlite');
  const child = runScript(
    openInChild(
      path,
      `db.exec("INSERT INTO log VALUES ('o', 0)");
       const update = db.prepare('UPDATE log SET size = ?');
       for (let i = 1; ; i++) { update.run(i); process.stdout.write(i + '\\n'); if (i % 50 === 0) await new Promise((r) => setImmediate(r)); }`,
    ),
  );
  let seen = '';
  for (let i = 0; i < 120; i++) seen = await child.line();
  expect(failure(() => open(path)).code).toBe('in-use');
  child.process.kill('SIGKILL');
  const { stdout } = await child.exited;
  const lines = stdout.split('\n').filter((line) => line !== '');
  using db = open(path);
  const { size } = db.prepare('SELECT size FROM log').get() as { size: number };
  expect(size).toBeGreaterThanOrEqual(Number(lines.at(-1) ?? seen));
});

test('readers in other processes are not locked out: backups work while the service runs', () => {
  const path = join(temporaryFolder(), 'a.sqlite');
  using db = open(path, { create: true });
  db.exec("INSERT INTO log VALUES ('o', 7)");
  const script = `const Database = require('better-sqlite3'); console.log(new Database(process.argv[1], { readonly: true }).prepare('SELECT size FROM log').get().size)`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--eval', script, path], { encoding: 'utf8', cwd: import.meta.dirname });
  expect([stdout, stderr]).toEqual(['7\n', '']);
  expect(readdirSync(join(path, '..'))).toContain('a.sqlite.lock');
});

test('a database that better-sqlite3 would open under another name is refused', () => {
  expect(failure(() => open(join(temporaryFolder(), 'a.sqlite '), { create: true })).code).toBe('unusable');
});

test('closing twice is harmless, and a plain connection has been no owner', () => {
  const path = join(temporaryFolder(), 'a.sqlite');
  const db = open(path, { create: true });
  db.close();
  db.close();
  const plain = new Database(path);
  plain.prepare('SELECT * FROM log').all();
  linkSync(path, `${path}.link`);
  open(path).close();
  plain.close();
});
