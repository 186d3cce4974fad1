/** The checkpoints of a log whose whole index was audited on this machine, and found right. */
import { type Checkpoint, toHex, type VerifierKey } from '@verbatim/tlog';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { logFolderName, noteName } from '../note-store.ts';
import { listFolder, readIfThere, writeDurably } from '../state-files.ts';

/** The newest ones are kept. */
const MAX_REMEMBERED = 64;

type State = Pick<Checkpoint, 'size' | 'root'>;

function folderOf(stateDir: string, logKey: VerifierKey): string {
  return join(stateDir, 'audited', logFolderName(logKey));
}

/**
 * Remembers that every index root up to `checkpoint` was compared. Throws what the file system throws.
 * @param stateDir the same as `CheckpointMemory` has
 */
export async function rememberAudited(stateDir: string, logKey: VerifierKey, checkpoint: Checkpoint): Promise<void> {
  const folder = folderOf(stateDir, logKey);
  await writeDurably(folder, noteName(checkpoint), new TextEncoder().encode(`${checkpoint.size} ${toHex(checkpoint.root)}\n`));
  const names = (await listFolder(folder)).filter((name) => /^[0-9]{1,19}-[0-9a-f]{64}$/.test(name));
  const newestFirst = names.sort((a, b) => (sizeOf(a) > sizeOf(b) ? -1 : 1));
  for (const name of newestFirst.slice(MAX_REMEMBERED)) await rm(join(folder, name), { force: true });
}

/** Whether exactly this state of the log was audited here. What cannot be read was not. */
export async function wasAudited(stateDir: string | null, logKey: VerifierKey, { size, root }: State): Promise<boolean> {
  if (stateDir === null) return false;
  try {
    const bytes = await readIfThere(folderOf(stateDir, logKey), `${size}-${toHex(root)}`);
    return bytes !== null && new TextDecoder().decode(bytes) === `${size} ${toHex(root)}\n`;
  } catch {
    return false;
  }
}

function sizeOf(name: string): bigint {
  return BigInt(name.split('-')[0]!);
}
