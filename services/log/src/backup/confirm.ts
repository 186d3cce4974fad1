import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '@verbatim/service-kit';
import { logKeyAt } from '../admission/control-state.ts';
import type { LogConfig } from '../config.ts';
import { readIdentity } from '../engine/identity.ts';
import { checkLastCheckpoint } from '../engine/last-checkpoint.ts';
import { ControlTable } from '../store/control-table.ts';
import { EntryStore } from '../store/entries.ts';
import { MIGRATIONS } from '../store/schema.ts';
import { StandingTable } from '../store/standing-table.ts';

/**
 * Takes the operator's word that nothing newer than this checkpoint was signed: the next start of the stopped log does not wait for its witnesses.
 * Throws LogStateError when the database is behind it, or has another history, and TlogError when the log has not signed it.
 *
 * @param now milliseconds
 * @returns the checkpoint's size
 */
export async function confirmLog(config: LogConfig, lastCheckpoint: string, now: number): Promise<bigint> {
  using db = openDatabase(join(config.data_dir, 'log.db'), { migrations: MIGRATIONS, create: false });
  const { logVkey, rootVkey, adminVkey } = readIdentity(db, config.origin);
  const control = new ControlTable(db, { log: logVkey, root: rootVkey, admin: adminVkey });
  const note = await readFile(lastCheckpoint);
  const size = checkLastCheckpoint(new EntryStore(db), (at) => logKeyAt(control.state, at), note);
  new StandingTable(db).vouchFor(note, Math.floor(now / 1000));
  return size;
}
