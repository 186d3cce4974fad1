import { CheckpointMemory, LogMisbehaviour, LogReader, openSource, type VerifiedTree } from '@verbatim/client';
import { counted } from '@verbatim/statements';
import {
  bytesEqual,
  type Checkpoint,
  CompactRange,
  concatBytes,
  encodeBundle,
  entriesPath,
  type Hash,
  hashLeaf,
  TILE_WIDTH,
  tilePath,
  tileWidth,
  toHex,
} from '@verbatim/tlog';
import { paint, printable } from '../io.ts';
import type { Io } from '../io.ts';
import { resolveLog } from './address.ts';
import { ExportFolder } from './export-folder.ts';

export interface ExportOptions {
  readonly log?: string;
  readonly vkey?: string;
  readonly policy?: string;
  readonly to: string;
  readonly json?: boolean;
}

const TILE_HEIGHT = 8;
const WIDTH = BigInt(TILE_WIDTH);
/** Bundles on the way while one is hashed; fewer than a tree keeps in memory. */
const AHEAD = 6n;
/** In bundles. */
const PROGRESS_EVERY = 16n;

/**
 * `verbatim log export`: a log as a folder in the layout of C2SP tlog-tiles, at its newest checkpoint. Every file is verified before it is
 * written, all of them once more as one tree before the checkpoint is; a copy that is there already is verified and continued.
 */
export async function exportLog({ log, vkey, policy, to, json = false }: ExportOptions, io: Io): Promise<number> {
  const { url, key, root } = resolveLog({ log, logVkey: vkey, policy }, io.env);
  const source = await openSource(url);
  try {
    const pinned = { source, logKey: key, ...(root && { root }) };
    const folder = await ExportFolder.open(to, key, async () => {
      const reader = new LogReader(pinned);
      await reader.latest();
      return reader.followed;
    });
    // The folder is the memory: a log whose present tree does not continue the copy is caught, and the copy stays as it is.
    const memory = new CheckpointMemory(null);
    const reader = new LogReader({ ...pinned, memory, cache: folder });
    if (folder.earlier !== null) await memory.observe(folder.earlier, key, () => unreachable());
    const { note, checkpoint, tree } = await reader.latest();
    await copy(tree, folder, (entries) => {
      if (io.terminal === true) io.err(`${entries} of ${checkpoint.size} entries\n`);
    });
    await folder.finish(note);
    for (const path of folder.damaged) io.err(`warning: ${path} was damaged, and was replaced\n`);
    io.out(json ? toJson(checkpoint, folder) : toText(checkpoint, folder, io));
    return 0;
  } finally {
    await source.close();
  }
}

/** Reads every entry, by which every full tile and bundle gets into the folder, and writes the partial ones from what was read. */
async function copy(tree: VerifiedTree, folder: ExportFolder, onProgress: (entries: bigint) => void): Promise<void> {
  const { size, root } = tree.checkpoint;
  const bundles = (size + WIDTH - 1n) / WIDTH;
  const range = new CompactRange();
  /** Hashes of the tile that is being filled, by level of tiles. */
  const open: Hash[][] = [];
  let last: readonly Uint8Array[] = [];
  for (let index = 0n; index < bundles; index++) {
    for (let ahead = 1n; ahead <= AHEAD && index + ahead < bundles; ahead++) tree.bundle(index + ahead).catch(() => {});
    last = await tree.bundle(index);
    for (const entry of last) {
      range.append(hashLeaf(entry), ({ level }, hash) => {
        if (level % TILE_HEIGHT !== 0) return;
        const hashes = (open[level / TILE_HEIGHT] ??= []);
        if (hashes.length === TILE_WIDTH) hashes.length = 0;
        hashes.push(hash);
      });
    }
    if ((index + 1n) % PROGRESS_EVERY === 0n) onProgress(range.size);
  }
  if (!bytesEqual(range.root(), root))
    throw new LogMisbehaviour('tile-mismatch', `the entries do not hash to the root of the checkpoint of size ${size}`);
  const edge = size / WIDTH;
  const width = tileWidth(0, edge, size);
  if (width > 0) await folder.putEdge(entriesPath(edge, width), encodeBundle([...last]));
  for (const [level, hashes] of open.entries()) {
    if (hashes.length === TILE_WIDTH) continue;
    const index = (size >> BigInt(TILE_HEIGHT * level)) / WIDTH;
    await folder.putEdge(tilePath(level, index, hashes.length), concatBytes(...hashes));
  }
}

/** A memory with nothing in it compares with nothing. */
function unreachable(): never {
  throw new Error('expected an empty memory');
}

function toJson({ origin, size, root }: Checkpoint, { path, written, damaged }: ExportFolder): string {
  const checkpoint = { origin, size: Number(size), root: toHex(root) };
  return `${JSON.stringify({ schemaVersion: 1, exitCode: 0, folder: path, checkpoint, written, damaged }, null, 2)}\n`;
}

function toText({ origin, size, root }: Checkpoint, { path, written, earlier }: ExportFolder, io: Io): string {
  const lines = [
    `${paint(io, 'green', '✓ exported')}  ${printable(origin)}, size ${size}${earlier === null ? '' : `, continuing a copy of size ${earlier.checkpoint.size}`}`,
    `  root ${toHex(root)}`,
    `  ${counted(written, 'tile or bundle', 'tiles and bundles')} written to ${printable(path)}; everything in it was verified`,
  ];
  return `${lines.join('\n')}\n`;
}
