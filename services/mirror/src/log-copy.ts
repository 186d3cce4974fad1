/** The copy of one log on disk: tiles and bundles by their paths, written in order, durable before the database counts them. */
import { edgeFiles, NodeCache, PublicFolder, TileNodes, Tree, type TileContent, type TileFile } from '@verbatim/service-kit/tree';
import type { Durable } from '@verbatim/service-kit';
import {
  bytesEqual,
  CompactRange,
  compactRangeNodes,
  decodeBundle,
  encodeBundle,
  entriesPath,
  HASH_BYTES,
  hashLeaf,
  sha256,
  TILE_WIDTH,
  tilePath,
  toHex,
  utf8Encode,
  type Hash,
  type TreeHead,
} from '@verbatim/tlog';

/** What is stored does not hash to what was promised: the disk lost or changed something, and nothing more may be signed. */
export class DamagedCopyError extends Error {
  readonly code = 'damaged-copy';
  override readonly name = 'DamagedCopyError';
}

/** Name of a log's copy, below the monitoring prefix and on disk. */
export function originHash(origin: string): string {
  return toHex(sha256(utf8Encode(origin)));
}

/**
 * Entries are appended only after the caller authenticated them against a checkpoint of the log. Calls must not overlap: the caller takes turns.
 */
export class LogCopy {
  readonly folder: PublicFolder;
  readonly #tree: Tree;

  private constructor(folder: PublicFolder, tree: Tree) {
    this.folder = folder;
    this.#tree = tree;
  }

  /**
   * The first `next` entries, read back from the folder.
   * @param head a promise of the past that they must still keep. Throws DamagedCopyError when they do not.
   */
  static async open(path: string, durable: Durable, next: bigint, head: TreeHead): Promise<LogCopy> {
    const folder = new PublicFolder(path, durable);
    await folder.create();
    const nodes = new NodeCache((level, index) => folder.readFullTile(level, index));
    for (const { level, index, width } of edgeFiles(next)) {
      if (level !== null) nodes.setEdge(level, index, TileNodes.fromHashes(await readHashes(folder, level, index, width)));
    }
    const range = new CompactRange(
      next,
      compactRangeNodes(next).map((node) => nodes.get(node)),
    );
    const tailWidth = Number(next % BigInt(TILE_WIDTH));
    const tail = tailWidth === 0 ? [] : await readEntries(folder, next / BigInt(TILE_WIDTH), tailWidth);
    const copy = new LogCopy(folder, new Tree(range, nodes, tail));
    if (!bytesEqual(copy.rootAt(head.size), head.root)) {
      throw new DamagedCopyError(
        `${path}: expected the root that was cosigned at size ${head.size}, found another; restore the newest copy`,
      );
    }
    return copy;
  }

  get next(): bigint {
    return this.#tree.size;
  }

  /** Root of the first `size` entries, at most `next`. */
  rootAt(size: bigint): Hash {
    const nodes = compactRangeNodes(size).map((node) => this.#tree.nodes.get(node));
    return new CompactRange(size, nodes).root();
  }

  /** All stored entries, in order. */
  async *entries(): AsyncGenerator<{ index: bigint; entry: Uint8Array }, void, undefined> {
    for (let index = 0n; index < this.next; index += BigInt(TILE_WIDTH)) {
      const left = this.next - index;
      const entries = await readEntries(this.folder, index / BigInt(TILE_WIDTH), left < BigInt(TILE_WIDTH) ? Number(left) : TILE_WIDTH);
      for (const [i, entry] of entries.entries()) yield { index: index + BigInt(i), entry };
    }
  }

  /** Hash of the subtree [start, end): stored leaves up to where `entries` begin, then theirs. `start` is a multiple of 256, `end` at most 256 more. */
  subtreeHash(start: bigint, entriesStart: bigint, entries: readonly Uint8Array[]): Hash {
    const range = new CompactRange();
    const stored = Number(entriesStart - start);
    const tile = stored === 0 ? null : this.#tree.nodes.tile(0, start / BigInt(TILE_WIDTH));
    for (let i = 0; i < stored; i++) range.append(tile!.get(0, i));
    for (const entry of entries) range.append(hashLeaf(entry));
    return range.root();
  }

  /** Stores entries from index `next` on. Durable when it resolves; after a failure this object is of no use any more: open another. */
  async append(entries: readonly Uint8Array[]): Promise<void> {
    await this.folder.writeTiles(this.#tree.append(entries.map((entry) => ({ entry, leafHash: hashLeaf(entry) }))));
  }

  /** Puts the partial tiles of `size` (at most `next`) in place, as every cosigned checkpoint must have them (C2SP tlog-tiles). */
  async completeEdge(size: bigint): Promise<void> {
    const files: TileContent[] = [];
    for (const file of edgeFiles(size)) {
      if ((await this.folder.read(file.path)) === null) files.push({ file, content: await this.#cut(file) });
    }
    if (files.length > 0) await this.folder.writeTiles(files);
  }

  async #cut({ level, index, width }: TileFile): Promise<Uint8Array> {
    if (level !== null) return this.#tree.nodes.tile(level, index).content(width);
    const stored = this.next - index * BigInt(TILE_WIDTH);
    const wider = stored < BigInt(TILE_WIDTH) ? Number(stored) : TILE_WIDTH;
    return encodeBundle((await readEntries(this.folder, index, wider)).slice(0, width));
  }
}

/** The first hashes of a tile; a partial one may have been collected once it was full. */
async function readHashes(folder: PublicFolder, level: number, index: bigint, width: number): Promise<Uint8Array> {
  for (const offered of [width, TILE_WIDTH]) {
    const bytes = await folder.read(tilePath(level, index, offered));
    if (bytes?.length === offered * HASH_BYTES) return bytes.subarray(0, width * HASH_BYTES);
  }
  throw new DamagedCopyError(
    `${folder.path}: expected ${tilePath(level, index, width)}, which is missing or cut short; restore the newest copy`,
  );
}

async function readEntries(folder: PublicFolder, index: bigint, width: number): Promise<Uint8Array[]> {
  for (const offered of [width, TILE_WIDTH]) {
    const bytes = await folder.read(entriesPath(index, offered));
    if (bytes !== null) return decodeBundle(bytes, offered).slice(0, width);
  }
  throw new DamagedCopyError(`${folder.path}: expected ${entriesPath(index, width)}, which is missing; restore the newest copy`);
}
