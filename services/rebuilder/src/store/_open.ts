import Database from 'better-sqlite3';
import { MIGRATIONS } from './schema.ts';
import { JobQueue, type LoggedRelease } from './queue.ts';
import { Outbox } from './outbox.ts';

/** Test-only: the real schema in a real SQLite file (or in memory). */
export function openStore(file = ':memory:') {
  const db = new Database(file);
  if (db.pragma('user_version', { simple: true }) === 0) {
    for (const migration of MIGRATIONS) db.exec(migration);
    db.pragma(`user_version = ${MIGRATIONS.length}`);
  }
  const queue = new JobQueue(db);
  return { db, queue, outbox: new Outbox(db, queue) };
}

export function releaseAt(index: bigint): LoggedRelease {
  return { index, leafHash: new Uint8Array(32).fill(Number(index)), entry: new Uint8Array([1, 2, 3]) };
}
