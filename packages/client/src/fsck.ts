/**
 * Checks a whole log against itself: every entry is hashed again, and every tile and the signed root must be what follows from the entries.
 * One pass in the order of the entries; at most one tile a level is held (C2SP tlog-tiles).
 */
import {
  bytesEqual,
  type Checkpoint,
  CompactRange,
  concatBytes,
  decodeBundle,
  entriesPath,
  type Hash,
  HASH_BYTES,
  hashLeaf,
  MAX_BUNDLE_ENTRY_BYTES,
  type NodeId,
  TILE_WIDTH,
  TlogError,
  tilePath,
  tileWidth,
  toHex,
} from '@verbatim/tlog';
import type { Source } from './source.ts';

const TILE_HEIGHT = 8;
const WIDTH = BigInt(TILE_WIDTH);
const BUNDLE_BYTES = TILE_WIDTH * (2 + MAX_BUNDLE_ENTRY_BYTES);
const TILE_BYTES = TILE_WIDTH * HASH_BYTES;
/** A log that is wrong everywhere need not be listed whole. */
export const MAX_FINDINGS = 100;

export interface Finding {
  /** Path below the log's address, or `entry INDEX`. */
  readonly where: string;
  readonly expected: string;
  readonly found: string;
}

export interface FsckOptions {
  readonly signal?: AbortSignal;
  /** Looks at an entry; what is wrong with it, or null. */
  readonly checkEntry?: (index: bigint, entry: Uint8Array) => string | null;
  /** Called after each bundle. */
  readonly onProgress?: (entries: bigint) => void;
}

export interface FsckReport {
  /** Entries that were read and hashed. Fewer than the checkpoint's size when a bundle cannot be read: nothing follows from what comes after it. */
  readonly entries: bigint;
  /** Tiles that were compared, bundles of entries not counted. */
  readonly tiles: number;
  /** None: the log is sound at this checkpoint. At most `MAX_FINDINGS`. */
  readonly findings: readonly Finding[];
}

/**
 * @param checkpoint whose log signature the caller has verified
 * @throws ClientError when the log does not answer; the signal's reason when aborted
 */
export async function fsck(source: Source, checkpoint: Checkpoint, options: FsckOptions = {}): Promise<FsckReport> {
  return new Fsck(source, checkpoint, options).run();
}

class Fsck {
  readonly #source: Source;
  readonly #checkpoint: Checkpoint;
  readonly #options: FsckOptions;
  readonly #range = new CompactRange();
  /** Hashes of the tile that is being filled, by level of tiles. */
  readonly #open: Hash[][] = [];
  readonly #findings: Finding[] = [];
  #tiles = 0;

  constructor(source: Source, checkpoint: Checkpoint, options: FsckOptions) {
    this.#source = source;
    this.#checkpoint = checkpoint;
    this.#options = options;
  }

  async run(): Promise<FsckReport> {
    const { size, root } = this.#checkpoint;
    // One bundle ahead: it travels while this one is hashed.
    let ahead = this.#bundle(0n);
    while (this.#range.size < size && this.#findings.length < MAX_FINDINGS) {
      this.#options.signal?.throwIfAborted();
      const entries = await ahead;
      if (entries === null) return this.#report();
      ahead = this.#bundle(this.#range.size / WIDTH + 1n);
      ahead.catch(() => {});
      for (const entry of entries) await this.#add(entry);
      this.#options.onProgress?.(this.#range.size);
    }
    for (const [level, hashes] of this.#open.entries()) {
      if (hashes.length > 0) await this.#compare(level, this.#indexOf(level), hashes);
    }
    const computed = this.#range.root();
    if (this.#range.size === size && !bytesEqual(computed, root))
      this.#found('checkpoint', `root ${toHex(computed)}`, `root ${toHex(root)}`);
    return this.#report();
  }

  #report(): FsckReport {
    return { entries: this.#range.size, tiles: this.#tiles, findings: this.#findings };
  }

  #found(where: string, expected: string, found: string): void {
    if (this.#findings.length < MAX_FINDINGS) this.#findings.push({ where, expected, found });
  }

  /** The entries of one bundle, as many as the tree has of it. Null when they cannot be read. */
  async #bundle(index: bigint): Promise<readonly Uint8Array[] | null> {
    const width = tileWidth(0, index, this.#checkpoint.size);
    if (width === 0) return [];
    const read = await this.#read((offered) => entriesPath(index, offered), width, BUNDLE_BYTES);
    if (read === null) return null;
    try {
      return decodeBundle(read.bytes, read.width).slice(0, width);
    } catch (error) {
      if (!(error instanceof TlogError)) throw error;
      this.#found(entriesPath(index, read.width), `a bundle of ${read.width} entries`, error.message);
      return null;
    }
  }

  async #add(entry: Uint8Array): Promise<void> {
    const index = this.#range.size;
    const problem = this.#options.checkEntry?.(index, entry) ?? null;
    if (problem !== null) this.#found(`entry ${index}`, 'a statement that a log admits', problem);
    const full: { level: number; index: bigint; hashes: readonly Hash[] }[] = [];
    this.#range.append(hashLeaf(entry), ({ level, index: at }: NodeId, hash) => {
      if (level % TILE_HEIGHT !== 0) return;
      const hashes = (this.#open[level / TILE_HEIGHT] ??= []);
      hashes.push(hash);
      if (hashes.length < TILE_WIDTH) return;
      full.push({ level: level / TILE_HEIGHT, index: at / WIDTH, hashes: hashes.splice(0) });
    });
    for (const { level, index: at, hashes } of full) await this.#compare(level, at, hashes);
  }

  /** Index of the tile that is being filled. */
  #indexOf(level: number): bigint {
    return (this.#range.size >> BigInt(TILE_HEIGHT * level)) / WIDTH;
  }

  async #compare(level: number, index: bigint, hashes: readonly Hash[]): Promise<void> {
    const read = await this.#read((offered) => tilePath(level, index, offered), hashes.length, TILE_BYTES);
    if (read === null) return;
    this.#tiles += 1;
    const path = tilePath(level, index, read.width);
    if (read.bytes.length !== read.width * HASH_BYTES) {
      this.#found(path, `${read.width * HASH_BYTES} bytes`, `${read.bytes.length} bytes`);
      return;
    }
    const computed = concatBytes(...hashes);
    const served = read.bytes.subarray(0, computed.length);
    if (bytesEqual(served, computed)) return;
    const wrong = hashes.findIndex((hash, i) => !bytesEqual(hash, served.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)));
    this.#found(
      path,
      `hash ${wrong} to be ${toHex(hashes[wrong]!)}, which follows from the entries`,
      toHex(served.subarray(wrong * HASH_BYTES, (wrong + 1) * HASH_BYTES)),
    );
  }

  /** A partial tile or bundle, or the full one that has taken its place. */
  async #read(
    pathOf: (width: number) => string,
    width: number,
    limit: number,
  ): Promise<{ readonly bytes: Uint8Array; readonly width: number } | null> {
    for (const offered of width < TILE_WIDTH ? [width, TILE_WIDTH] : [TILE_WIDTH]) {
      const bytes = await this.#source.get(pathOf(offered), { limit, signal: this.#options.signal });
      if (bytes !== null) return { bytes, width: offered };
    }
    this.#found(pathOf(width), `what the checkpoint of size ${this.#checkpoint.size} promises`, 'nothing');
    return null;
  }
}
