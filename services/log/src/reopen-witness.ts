import { join } from 'node:path';
import { openDatabase } from '@verbatim/service-kit';
import type { LogConfig } from './config.ts';
import { CheckpointStore } from './store/checkpoints.ts';
import { MIGRATIONS } from './store/schema.ts';

/** Clears the split-view alarm of a witness while the log is stopped. Throws when there is nothing to clear. */
export function reopenWitness(config: LogConfig, name: string): void {
  const witness = config.witnesses.find((candidate) => candidate.name === name);
  if (witness === undefined)
    throw new Error(`expected a configured witness; ${name} is none of ${config.witnesses.map((each) => each.name).join(', ')}`);
  using db = openDatabase(join(config.data_dir, 'log.db'), { migrations: MIGRATIONS, create: false });
  const checkpoints = new CheckpointStore(db);
  if (checkpoints.witness(witness.key.text).alarm === null) throw new Error(`expected an alarm about ${name}; there is none`);
  checkpoints.setAlarm(witness.key.text, null);
}
