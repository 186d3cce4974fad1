import { join } from 'node:path';
import { durable, openDatabase, type OwnedDatabase } from '@verbatim/service-kit';
import { type Leaf, NodeCache, PublicFolder, Tree } from '@verbatim/service-kit/tree';
import { bytesEqual, CompactRange } from '@verbatim/tlog';
import type { LogConfig } from './config.ts';
import { LogStateError } from './engine/state-error.ts';
import { CheckpointStore } from './store/checkpoints.ts';
import { EntryStore } from './store/entries.ts';
import { MIGRATIONS } from './store/schema.ts';

/** Entries hashed in one step; a multiple of 256, so that no step but the last makes partial tiles. */
const CHUNK = 4096n;

/** Of a log that is stopped: the next start makes the index again from the entries, and holds it against the root that the last one states. */
export function forgetIndex(config: LogConfig): void {
  using db = openDatabase(join(config.data_dir, 'log.db'), { migrations: MIGRATIONS, create: false });
  db.transaction(() => db.exec('DELETE FROM index_nodes; DELETE FROM index_states')).immediate();
}

/** `writeMissingTiles` for a log that is stopped. */
export async function repairTiles(config: LogConfig): Promise<string[]> {
  using db = openDatabase(join(config.data_dir, 'log.db'), { migrations: MIGRATIONS, create: false });
  return writeMissingTiles(db, config);
}

/**
 * Writes every tile and bundle again that is missing or differs from what the database's entries give. Nothing is written unless these entries
 * have the root that was signed: the database is trusted, and this is the proof that it may be.
 *
 * @returns paths of the files that were replaced or put back
 */
export async function writeMissingTiles(db: OwnedDatabase, config: LogConfig): Promise<string[]> {
  const signed = new CheckpointStore(db).signed();
  if (signed === null) return [];
  const entries = new EntryStore(db);
  const range = new CompactRange();
  for (const leaves of chunks(entries, signed.size)) for (const { leafHash } of leaves) range.append(leafHash);
  if (!bytesEqual(range.root(), signed.root)) {
    throw new LogStateError(
      'bad-checkpoint',
      `expected entries in the database that hash to the root signed at size ${signed.size}; they do not. Tiles were left as they are: restore the newest database.`,
    );
  }
  const folder = new PublicFolder(join(config.data_dir, 'public'), durable);
  const replaced: string[] = [];
  const tree = new Tree(new CompactRange(), new NodeCache(() => new Uint8Array()), []);
  for (const leaves of chunks(entries, signed.size)) {
    for (const { file, content } of tree.append(leaves)) {
      const found = await folder.read(file.path);
      if (found !== null && bytesEqual(found, content)) continue;
      await folder.replaceTile({ file, content });
      replaced.push(file.path);
    }
  }
  return replaced;
}

function* chunks(entries: EntryStore, size: bigint): Generator<readonly Leaf[]> {
  for (let start = 0n; start < size; start += CHUNK) yield entries.range(start, start + CHUNK < size ? start + CHUNK : size);
}
