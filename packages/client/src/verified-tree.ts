/**
 * A log at one checkpoint, read from tiles, every one of which is verified before it is used or kept (DESIGN §3.1).
 *
 * The partial tiles on the right edge, one a level at most, give the root, which must be the checkpoint's. Every other tile is full, and
 * its own root must be the hash that its parent tile has for it; the parent is verified in the same way first. So no tile is taken on
 * trust, however tiles are shared between proofs: golang.org/x/mod before v0.40.0 skipped that check for some (CVE-2026-56865).
 */
import {
  bytesEqual,
  type Checkpoint,
  compactRangeNodes,
  concatBytes,
  decodeBundle,
  EMPTY_ROOT,
  entriesPath,
  type Hash,
  HASH_BYTES,
  hashLeaf,
  MAX_BUNDLE_ENTRY_BYTES,
  type NodeId,
  planConsistency,
  planInclusion,
  type ProofPlan,
  TILE_WIDTH,
  tileCoordinates,
  tilePath,
  tileWidth,
} from '@verbatim/tlog';
import { ClientError, LogMisbehaviour } from './errors.ts';
import { Recent } from './recent.ts';
import type { Source } from './source.ts';
import { foldRange, subtreeRoot } from './subtree.ts';
import { noTileCache, type TileCache } from './tile-cache.ts';

const FULL_TILE_BYTES = TILE_WIDTH * HASH_BYTES;
const FULL_BUNDLE_BYTES = TILE_WIDTH * (2 + MAX_BUNDLE_ENTRY_BYTES);
/** Verified tiles kept in memory: 8 KiB of hashes each. */
const MAX_TILES_IN_MEMORY = 512;
const MAX_BUNDLES_IN_MEMORY = 8;
const WIDTH = BigInt(TILE_WIDTH);

export interface ProvedEntry {
  readonly index: bigint;
  readonly entry: Uint8Array;
  /** Inclusion proof at the tree's size. */
  readonly proof: readonly Hash[];
}

export class VerifiedTree {
  readonly checkpoint: Checkpoint;
  readonly #source: Source;
  readonly #cache: TileCache;
  readonly #signal: AbortSignal | undefined;
  readonly #tiles = new Recent<string, Promise<readonly Hash[]>>(MAX_TILES_IN_MEMORY);
  readonly #bundles = new Recent<bigint, Promise<readonly Uint8Array[]>>(MAX_BUNDLES_IN_MEMORY);
  readonly #edge = new Recent<'edge', Promise<ReadonlyMap<number, readonly Hash[]>>>(1);

  /** @param checkpoint whose log signature was verified by the caller */
  constructor(
    checkpoint: Checkpoint,
    source: Source,
    { cache = noTileCache, signal }: { cache?: TileCache; signal?: AbortSignal | undefined } = {},
  ) {
    this.checkpoint = checkpoint;
    this.#source = source;
    this.#cache = cache;
    this.#signal = signal;
  }

  /** Entry and inclusion proof. Throws `LogMisbehaviour` when the log contradicts itself, `ClientError` when it does not answer. */
  async proved(index: bigint): Promise<ProvedEntry> {
    this.#checkIndex(index);
    const [entry, proof] = await Promise.all([this.entry(index), this.#prove(planInclusion(index, this.checkpoint.size))]);
    return { index, entry, proof };
  }

  async entry(index: bigint): Promise<Uint8Array> {
    this.#checkIndex(index);
    // A copy: a view of one entry would keep its whole bundle in memory, 16 MiB at the most.
    return (await this.bundle(index / WIDTH))[Number(index % WIDTH)]!.slice();
  }

  /** The entries from `start` up to `end`, in order. */
  async *entries(start: bigint, end: bigint = this.checkpoint.size): AsyncGenerator<{ index: bigint; entry: Uint8Array }, void, undefined> {
    if (end > start) this.#checkIndex(end - 1n);
    for (let index = start; index < end;) {
      const bundle = await this.bundle(index / WIDTH);
      do {
        yield { index, entry: bundle[Number(index % WIDTH)]!.slice() };
        index += 1n;
      } while (index < end && index % WIDTH !== 0n);
    }
  }

  /** How this tree continues the tree of `size` (≤ its own). */
  consistencyProof(size: bigint): Promise<Hash[]> {
    return this.#prove(planConsistency(size, this.checkpoint.size));
  }

  /** The entries of one bundle, each compared with its leaf hash in the verified level-0 tile. */
  bundle(index: bigint): Promise<readonly Uint8Array[]> {
    return this.#bundles.get(index, () => this.#readBundle(index));
  }

  async #readBundle(index: bigint): Promise<readonly Uint8Array[]> {
    const leaves = await this.#tile(0, index);
    const width = leaves.length;
    // As with tiles, the partial bundle may be gone once the full one exists.
    for (const offered of width < TILE_WIDTH ? [width, TILE_WIDTH] : [TILE_WIDTH]) {
      const path = entriesPath(index, offered);
      const entries = await this.#read(path, FULL_BUNDLE_BYTES, width === TILE_WIDTH, (bytes) => {
        const decoded = decodeEntries(bytes, offered, path).slice(0, width);
        const wrong = decoded.findIndex((entry, i) => !bytesEqual(hashLeaf(entry), leaves[i]!));
        if (wrong < 0) return decoded;
        const at = index * WIDTH + BigInt(wrong);
        throw new LogMisbehaviour(
          'entry-mismatch',
          `entry ${at}: its bytes are not what the tree of size ${this.checkpoint.size} commits to`,
          { exhibits: [{ path, bytes }] },
        );
      });
      if (entries !== null) return entries;
    }
    return this.#missing(entriesPath(index, width));
  }

  /** The hash of a complete subtree. */
  async #node(id: NodeId): Promise<Hash> {
    const { level, index, first, count } = tileCoordinates(id);
    const hashes = await this.#tile(level, index);
    if (first + count > hashes.length)
      throw new RangeError(`node ${id.level}/${id.index} is not in the tree of size ${this.checkpoint.size}`);
    return subtreeRoot(hashes.slice(first, first + count));
  }

  async #prove(plan: ProofPlan): Promise<Hash[]> {
    return plan.assemble(await Promise.all(plan.nodes.map((node) => this.#node(node))));
  }

  /** The verified hashes of a tile, as many as the tree of this size has in it. */
  async #tile(level: number, index: bigint): Promise<readonly Hash[]> {
    const edge = await this.#edge.get('edge', () => this.#readEdge());
    const width = tileWidth(level, index, this.checkpoint.size);
    if (width === 0) throw new RangeError(`tile ${level}/${index} is not in the tree of size ${this.checkpoint.size}`);
    return width < TILE_WIDTH ? edge.get(level)! : this.#tiles.get(`${level}/${index}`, () => this.#readFull(level, index));
  }

  /** A full tile has a parent: the level above holds one hash for every full tile. */
  async #readFull(level: number, index: bigint): Promise<readonly Hash[]> {
    const parent = await this.#tile(level + 1, index / WIDTH);
    const path = tilePath(level, index);
    const verified = await this.#read(path, FULL_TILE_BYTES, true, (bytes) => {
      const hashes = splitHashes(bytes, TILE_WIDTH, path);
      if (!bytesEqual(subtreeRoot(hashes), parent[Number(index % WIDTH)]!)) {
        throw new LogMisbehaviour(
          'tile-mismatch',
          `${path}: its root is not what its parent tile says in the tree of size ${this.checkpoint.size}`,
          { exhibits: [{ path, bytes }] },
        );
      }
      return hashes;
    });
    return verified ?? this.#missing(path);
  }

  /** All partial tiles, verified together: they are the tree's root and nothing else. */
  async #readEdge(): Promise<ReadonlyMap<number, readonly Hash[]>> {
    const { size, root } = this.checkpoint;
    const wanted: { level: number; index: bigint; width: number }[] = [];
    for (let level = 0; size >> BigInt(8 * level) > 0n; level++) {
      const index = (size >> BigInt(8 * level)) / WIDTH;
      const width = tileWidth(level, index, size);
      if (width > 0) wanted.push({ level, index, width });
    }
    const tiles = await Promise.all(
      wanted.map(async ({ level, index, width }) => [level, await this.#readPartial(level, index, width)] as const),
    );
    const edge = new Map(tiles);
    const subtrees = compactRangeNodes(size).map((node) => {
      const { level, first, count } = tileCoordinates(node);
      return subtreeRoot(edge.get(level)!.slice(first, first + count));
    });
    const found = subtrees.length === 0 ? EMPTY_ROOT : foldRange(subtrees);
    if (!bytesEqual(found, root)) {
      const exhibits = wanted.map(({ level, index, width }) => ({
        path: tilePath(level, index, width),
        bytes: concatBytes(...edge.get(level)!),
      }));
      throw new LogMisbehaviour('tile-mismatch', `the tiles on the edge do not lead to the root of the checkpoint of size ${size}`, {
        exhibits,
      });
    }
    return edge;
  }

  /** The log may drop a partial tile once the full one exists (C2SP tlog-tiles): then its first hashes are these. Not verified yet. */
  async #readPartial(level: number, index: bigint, width: number): Promise<readonly Hash[]> {
    for (const offered of [width, TILE_WIDTH]) {
      const path = tilePath(level, index, offered);
      const bytes = await this.#source.get(path, { limit: FULL_TILE_BYTES, signal: this.#signal });
      if (bytes !== null) return splitHashes(bytes, offered, path).slice(0, width);
    }
    return this.#missing(tilePath(level, index, width));
  }

  /** From the cache if that verifies, else from the source. Only what verified is kept. @param keep false for what may still change */
  async #read<T>(path: string, limit: number, keep: boolean, verify: (bytes: Uint8Array) => T): Promise<T | null> {
    const cached = keep ? await this.#cache.get(path) : null;
    if (cached !== null) {
      try {
        return verify(cached);
      } catch {
        // A damaged cache is no misbehaviour of the log: fetch again.
        await this.#cache.drop(path);
      }
    }
    const bytes = await this.#source.get(path, { limit, signal: this.#signal });
    if (bytes === null) return null;
    const verified = verify(bytes);
    if (keep) await this.#cache.put(path, bytes);
    return verified;
  }

  #checkIndex(index: bigint): void {
    if (index < 0n || index >= this.checkpoint.size)
      throw new RangeError(`entry ${index} is not in the tree of size ${this.checkpoint.size}`);
  }

  #missing(path: string): never {
    throw new ClientError(
      'not-found',
      `${this.#source.location}: ${path} is missing, which the checkpoint of size ${this.checkpoint.size} promises`,
    );
  }
}

function splitHashes(bytes: Uint8Array, width: number, path: string): Hash[] {
  if (bytes.length !== width * HASH_BYTES) {
    throw new ClientError('malformed', `${path}: expected a tile of ${width * HASH_BYTES} bytes, found ${bytes.length}`);
  }
  return Array.from({ length: width }, (_, i) => bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES));
}

function decodeEntries(bytes: Uint8Array, width: number, path: string): Uint8Array[] {
  try {
    return decodeBundle(bytes, width);
  } catch (cause) {
    throw new ClientError('malformed', `${path}: expected a bundle of ${width} entries`, { cause });
  }
}
