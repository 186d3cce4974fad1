import { ClientError, LogMisbehaviour, openSource, VerifiedTree } from '@verbatim/client';
import { formatNote, MAX_NOTE_BYTES, openNote, parseCheckpoint, TILE_WIDTH, TlogError, type VerifierKey } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { BackupError } from './backup-error.ts';
import type { TileCopy } from './tile-copy.ts';

const WIDTH = BigInt(TILE_WIDTH);
/** Bundles on the way while one is read; fewer than a tree keeps in memory. */
const AHEAD = 6n;

/**
 * The tiles that a log or a mirror serves, or anybody who has a copy: the server need not be trusted. The checkpoint counts by the log's own
 * signature, and each entry is verified against it before it is given. Throws BackupError.
 *
 * @param url of the log, or of its copy at a mirror
 * @param keys that this log signed with, or may have
 */
export async function openServedTiles(url: string, keys: readonly VerifierKey[]): Promise<TileCopy> {
  return judged(url, async () => {
    const source = await openSource(url);
    try {
      const bytes = await source.get('checkpoint', { limit: MAX_NOTE_BYTES });
      if (bytes === null) throw new BackupError('not-a-backup', `${url}: expected the tiles of a log; there is no checkpoint`);
      const { text, verified } = openNote(bytes, keys, verifyEd25519);
      const checkpoint = parseCheckpoint(text);
      const tree = new VerifiedTree(checkpoint, source);
      return {
        checkpoint,
        note: formatNote({ text, signatures: verified }),
        entries: () => entriesOf(tree, url),
        close: () => source.close(),
      };
    } catch (error) {
      await source.close();
      throw error;
    }
  });
}

async function* entriesOf(tree: VerifiedTree, url: string): AsyncGenerator<Uint8Array, void, undefined> {
  const bundles = (tree.checkpoint.size + WIDTH - 1n) / WIDTH;
  for (let index = 0n; index < bundles; index++) {
    for (let ahead = 1n; ahead <= AHEAD && index + ahead < bundles; ahead++) tree.bundle(index + ahead).catch(() => {});
    yield* await judged(url, () => tree.bundle(index));
  }
}

/** What the server does not give, or gives wrongly, says nothing about the log's own state. */
async function judged<T>(url: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof LogMisbehaviour || cause instanceof TlogError)
      throw new BackupError('damaged', `${url}: expected what the log has signed: ${cause.message}; restore from another copy`, { cause });
    if (cause instanceof ClientError)
      throw new BackupError('unreadable', `${url}: expected the tiles of a log: ${cause.message}; try again, or another copy`, { cause });
    throw cause;
  }
}
