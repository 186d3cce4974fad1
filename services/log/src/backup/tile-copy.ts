import { PublicFolder } from '@verbatim/service-kit/tree';
import { durable } from '@verbatim/service-kit';
import {
  bytesEqual,
  type Checkpoint,
  CompactRange,
  decodeBundle,
  entriesPath,
  formatNote,
  openNote,
  parseCheckpoint,
  TILE_WIDTH,
  tileWidth,
  type VerifierKey,
} from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { leafHashOf } from '../store/ledger.ts';
import { BackupError } from './backup-error.ts';

/** The entries of a log as somebody's copy of its tiles has them. */
export interface TileCopy {
  readonly checkpoint: Checkpoint;
  /** The checkpoint with the log's own signature lines and no others. */
  readonly note: Uint8Array;
  /** In order. They are verified, but a folder can change while it is read: what they come to must be compared with the checkpoint's root. */
  readonly entries: () => AsyncGenerator<Uint8Array, void, undefined>;
  readonly close: () => Promise<void>;
}

/**
 * A folder of tiles, which a log, a mirror or `verbatim log export` wrote. Reads and verifies all of it: the checkpoint by the log's own signature,
 * the entries by its root; tiles of hashes are not needed. Throws BackupError and TlogError.
 *
 * @param keys that this log signed with, or may have
 */
export async function readTileCopy(path: string, keys: readonly VerifierKey[]): Promise<TileCopy> {
  const folder = new PublicFolder(path, durable);
  const bytes = await folder.readCheckpoint();
  if (bytes === null) throw new BackupError('not-a-backup', `${path}: expected a copy of this log's tiles; there is no checkpoint`);
  const { text, verified } = openNote(new Uint8Array(bytes), keys, verifyEd25519);
  const checkpoint = parseCheckpoint(text);
  const entries = (): ReturnType<TileCopy['entries']> => entriesIn(folder, checkpoint.size);
  const range = new CompactRange();
  for await (const entry of entries()) range.append(leafHashOf(entry));
  if (!bytesEqual(range.root(), checkpoint.root))
    throw new BackupError(
      'damaged',
      `${path}: expected entries with the root that the log signed at size ${checkpoint.size}; they have another`,
    );
  return { checkpoint, note: formatNote({ text, signatures: verified }), entries, close: async () => {} };
}

async function* entriesIn(folder: PublicFolder, size: bigint): AsyncGenerator<Uint8Array, void, undefined> {
  for (let index = 0n; index * BigInt(TILE_WIDTH) < size; index++) yield* await readBundle(folder, index, tileWidth(0, index, size));
}

/** A partial bundle may have made way for the full one. */
async function readBundle(folder: PublicFolder, index: bigint, width: number): Promise<readonly Uint8Array[]> {
  for (const offered of width < TILE_WIDTH ? [width, TILE_WIDTH] : [TILE_WIDTH]) {
    const bytes = await folder.read(entriesPath(index, offered));
    if (bytes !== null) return decodeBundle(new Uint8Array(bytes), offered).slice(0, width);
  }
  throw new BackupError('damaged', `${folder.path}: expected ${entriesPath(index, width)}, which its checkpoint promises; there is none`);
}
