/** SQLite as the services use it: durable commits, forward-only migrations, one owner. */
import { CodedError } from '@verbatim/tlog';
import { closeSync, existsSync, fsyncSync, openSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import Database from 'better-sqlite3';

export type DatabaseErrorCode =
  /** There is no initialised database at the path, and none may be created. */
  | 'missing'
  /** There is a file, and none was expected. */
  | 'exists'
  /** Another process has it open. */
  | 'in-use'
  /** A newer version of the service wrote it. */
  | 'newer-schema'
  | 'unusable';

export class DatabaseError extends CodedError<DatabaseErrorCode> {
  override readonly name = 'DatabaseError';

  constructor(code: DatabaseErrorCode, path: string, message: string, options?: ErrorOptions) {
    super(code, `${path}: ${message}`, options);
  }
}

export interface OpenDatabaseOptions {
  /** SQL scripts; number n brings user_version n to n + 1, in one transaction with it. Only ever append. */
  migrations: readonly string[];
  /**
   * false: there must be an initialised database (a service that lost its state must not start afresh).
   * true: create it if there is none. 'only': create it, there must be no file.
   */
  create: boolean | 'only';
}

export type OwnedDatabase = Database.Database & Disposable;

/**
 * Open and own the database at `path`: WAL, synchronous=FULL (a commit that returned survives a power cut), foreign keys,
 * migrated to the newest schema. Another process, or another call, that opens it gets `in-use` until this one is closed or
 * its process has ended, by `kill -9` too. Other tools can still read it. Throws DatabaseError.
 */
export function openDatabase(path: string, { migrations, create }: OpenDatabaseOptions): OwnedDatabase {
  const file = canonicalPath(path);
  const exists = existsSync(file);
  if (create === 'only' && exists) throw new DatabaseError('exists', file, 'expected no file, found one; nothing was changed');
  if (create === false && !exists) {
    throw new DatabaseError('missing', file, 'expected a database, found no file; restore it, or run init for a new identity');
  }
  const lock = takeOwnership(file);
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { fileMustExist: exists, timeout: 5_000 });
    configure(db);
    migrate(db, file, migrations, create);
    if (!exists) syncFolder(dirname(file));
    return owned(db, lock);
  } catch (cause) {
    db?.close();
    lock.close();
    if (cause instanceof DatabaseError) throw cause;
    throw new DatabaseError('unusable', file, `expected a usable SQLite database: ${(cause as Error).message}`, { cause });
  }
}

/** The same name for the same file, whatever links lead there: the lock hangs on it. */
function canonicalPath(path: string): string {
  const absolute = resolve(path);
  // better-sqlite3 trims names: it would open another file than we lock.
  if (absolute.trim() !== absolute) throw new DatabaseError('unusable', absolute, 'expected a path without spaces at its end');
  try {
    return existsSync(absolute) ? realpathSync(absolute) : join(realpathSync(dirname(absolute)), basename(absolute));
  } catch (cause) {
    throw new DatabaseError('missing', absolute, `expected an existing folder: ${(cause as Error).message}`, { cause });
  }
}

/**
 * An exclusive transaction on an empty SQLite database beside the file: locks of the operating system, gone with the process.
 * Not `locking_mode=EXCLUSIVE` on the database itself: that would keep backups and worker threads from reading it.
 */
function takeOwnership(file: string): Database.Database {
  let lock: Database.Database | undefined;
  try {
    lock = new Database(`${file}.lock`, { timeout: 0 });
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (cause) {
    lock?.close();
    if ((cause as { code?: string }).code === 'SQLITE_BUSY') {
      throw new DatabaseError('in-use', file, 'expected to be its only user, found another process that has it open; stop that one first', {
        cause,
      });
    }
    throw new DatabaseError('unusable', file, `could not be locked: ${(cause as Error).message}`, { cause });
  }
}

function configure(db: Database.Database): void {
  const mode = db.pragma('journal_mode = WAL', { simple: true });
  if (mode !== 'wal') throw new Error(`expected journal mode wal, found ${String(mode)}`);
  db.pragma('synchronous = FULL');
  db.pragma('fullfsync = ON');
  db.pragma('foreign_keys = ON');
  db.pragma('trusted_schema = OFF');
}

function migrate(db: Database.Database, file: string, migrations: readonly string[], create: boolean | 'only'): void {
  const version = db.pragma('user_version', { simple: true }) as number;
  if (version === 0 && create === false) {
    throw new DatabaseError(
      'missing',
      file,
      'expected an initialised database, found an empty one; restore it, or run init for a new identity',
    );
  }
  if (version > migrations.length) {
    throw new DatabaseError(
      'newer-schema',
      file,
      `expected schema ${migrations.length} or older, found ${version}; run the newer release that wrote it`,
    );
  }
  for (const [done, script] of migrations.entries()) {
    if (done < version) continue;
    db.transaction(() => {
      db.exec(script);
      db.pragma(`user_version = ${done + 1}`);
    }).exclusive();
  }
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function owned(db: Database.Database, lock: Database.Database): OwnedDatabase {
  const closeDatabase = db.close.bind(db);
  const close = (): OwnedDatabase => {
    closeDatabase();
    lock.close();
    return both;
  };
  const both = Object.assign(db, { close, [Symbol.dispose]: () => void close() });
  return both;
}
