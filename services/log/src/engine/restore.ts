import { bundleStart, edgeFiles, NodeCache, type PublicFolder, splitHashes, TileNodes, Tree } from '@verbatim/service-kit/tree';
import {
  bytesEqual,
  CompactRange,
  compactRangeNodes,
  encodeBundle,
  openCheckpoint,
  parseCheckpoint,
  parseNote,
  type VerifierKey,
} from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import type { CheckpointStore, PublishedCheckpoint, StoredCheckpoint } from '../store/checkpoints.ts';
import type { EntryStore } from '../store/entries.ts';
import { LogStateError } from './state-error.ts';
import { readOrRebuildTile } from './tile-source.ts';

export interface Stores {
  readonly entries: EntryStore;
  readonly checkpoints: CheckpointStore;
  readonly folder: PublicFolder;
}

/**
 * Rebuilds the tree in memory at the size of the signed checkpoint, checks that it has the signed root, and puts back edge files that are
 * missing. Everything up to that size was durable before it was signed; what was sequenced after it is the caller's to integrate.
 */
export async function restoreTree({ entries, folder }: Stores, signed: StoredCheckpoint | null, sequenced: bigint): Promise<Tree> {
  const size = signed?.size ?? 0n;
  if (size > sequenced) {
    throw new LogStateError(
      'entries-missing',
      `expected the ${size} entries of the signed checkpoint in the database; found ${sequenced}. Entries are never removed: restore the database that lost them.`,
    );
  }
  const range = new CompactRange(size, splitHashes(signed?.compactRange ?? new Uint8Array()));
  if (signed !== null && !bytesEqual(range.root(), signed.root)) {
    throw new LogStateError(
      'bad-checkpoint',
      `expected the stored compact range to have the root that was signed at size ${size}; it has another. The database was altered.`,
    );
  }
  const nodes = new NodeCache((level, index) => folder.readFullTile(level, index));
  const edge = edgeFiles(size);
  for (const { level, index, width } of edge) {
    if (level !== null)
      nodes.setEdge(level, index, TileNodes.fromHashes(await readOrRebuildTile({ entries, folder }, level, index, width)));
  }
  checkNodes(nodes, range);
  const tail = entries.range(bundleStart(size), size).map(({ entry }) => entry);
  await folder.writeTiles(
    edge.map((file) => ({
      file,
      content:
        file.level === null
          ? encodeBundle(entries.range(file.index * 256n, file.index * 256n + BigInt(file.width)).map(({ entry }) => entry))
          : nodes.tile(file.level, file.index).content(file.width),
    })),
  );
  return new Tree(range, nodes, tail);
}

/** The compact range names the root of every tile at the edge, so one comparison a node checks all of them. */
function checkNodes(nodes: NodeCache, range: CompactRange): void {
  const { hashes } = range;
  compactRangeNodes(range.size).forEach((node, i) => {
    if (bytesEqual(nodes.get(node), hashes[i]!)) return;
    throw new LogStateError(
      'damaged-tiles',
      `expected tiles that hash to the signed root at size ${range.size}; node ${node.index} of level ${node.level} differs. Stop, keep a copy, and run "repair".`,
    );
  });
}

/**
 * What was published last. The file is written before the row, so it is the one to believe; and should it be ahead of what the database has
 * signed, then the database is an old copy, and going on would fork the log.
 */
export async function restorePublished(
  { checkpoints, folder }: Stores,
  tree: Tree,
  keyAt: (size: bigint) => VerifierKey,
): Promise<PublishedCheckpoint | null> {
  const file = await folder.readCheckpoint();
  const row = checkpoints.published();
  if (file === null) {
    if (row !== null) await folder.writeCheckpoint(row.note);
    return row;
  }
  const { size } = parseCheckpoint(parseNote(file).text);
  const { checkpoint } = openCheckpoint(file, keyAt(size), verifyEd25519);
  if (checkpoint.size > tree.size) {
    throw new LogStateError(
      'rolled-back',
      `expected at least the ${checkpoint.size} entries that public/checkpoint shows; the database has signed ${tree.size}. ` +
        `It was restored from an old copy or lost data. Going on would fork the log: bring back the newest database, or end this log.`,
    );
  }
  const range = new CompactRange(
    checkpoint.size,
    compactRangeNodes(checkpoint.size).map((node) => tree.nodes.get(node)),
  );
  if (!bytesEqual(range.root(), checkpoint.root)) {
    throw new LogStateError(
      'rolled-back',
      `expected the root of public/checkpoint at size ${checkpoint.size}; the database has another history. Going on would fork the log.`,
    );
  }
  if (row !== null && row.size > checkpoint.size) {
    await folder.writeCheckpoint(row.note);
    return row;
  }
  return { size: checkpoint.size, note: file };
}
