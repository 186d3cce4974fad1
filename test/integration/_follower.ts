/**
 * A follower as a process of its own, to be killed: `node _follower.ts once|plain URL VKEY FOLDER [ENTRY]`. `once` keeps entries and position in one
 * SQLite transaction; `plain` writes each entry to a file, which no transaction covers. Ends when everything was handled, or, by SIGKILL, before
 * it handles ENTRY.
 */
import { atLeastOnce, catchUp, type FollowConsumer, type FollowPosition, LogReader, openSource } from '@verbatim/client';
import { openDatabase } from '@verbatim/service-kit';
import { parseVkey, toHex } from '@verbatim/tlog';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const [mode, url, vkey, folder, last = '-1'] = process.argv.slice(2) as [string, string, string, string, string?];
const dieAt = BigInt(last);

const SCHEMA = `
  CREATE TABLE effect (entry INTEGER NOT NULL, leaf BLOB NOT NULL) STRICT;
  CREATE TABLE position (vkey TEXT NOT NULL, checkpoint BLOB NOT NULL, next INTEGER NOT NULL) STRICT;
`;

/** Nothing here keeps an entry from being handled twice, or makes one that was missed visible, but the follower. */
function once(): FollowConsumer {
  const db = openDatabase(join(folder, 'once.sqlite'), { migrations: [SCHEMA], create: true });
  const insert = db.prepare('INSERT INTO effect VALUES (?, ?)');
  const keep = db.prepare('INSERT INTO position VALUES (?, ?, ?)');
  return {
    position() {
      const row = db.prepare('SELECT vkey, checkpoint, next FROM position').get() as
        | (Omit<FollowPosition, 'next'> & { next: number })
        | undefined;
      return row === undefined ? null : { ...row, checkpoint: new Uint8Array(row.checkpoint), next: BigInt(row.next) };
    },
    take: db.transaction(({ entries, position }) => {
      for (const { index, leafHash } of entries) {
        dieBefore(index);
        insert.run(index, leafHash);
      }
      db.exec('DELETE FROM position');
      keep.run(position.vkey, position.checkpoint, position.next);
    }) as FollowConsumer['take'],
  };
}

function dieBefore(index: bigint): void {
  if (index === dieAt) process.kill(process.pid, 'SIGKILL');
}

function plain(): FollowConsumer {
  return atLeastOnce(folder, 'plain', async ({ entries }) => {
    for (const { index, leafHash, replayed } of entries) {
      dieBefore(index);
      appendFileSync(join(folder, 'plain.txt'), `${index} ${toHex(leafHash)} ${replayed}\n`);
      // Handling takes its time, so that the end often comes in the middle of it.
      if (index % 32n === 0n) await sleep(1);
    }
  });
}

const source = await openSource(url);
const reader = new LogReader({ source, logKey: parseVkey(vkey) });
const consumer = mode === 'once' ? once() : plain();
await catchUp(reader, consumer, { evidenceFolder: null });
await source.close();
