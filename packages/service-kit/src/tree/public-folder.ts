import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TILE_WIDTH, tilePath } from '@verbatim/tlog';
import type { Durable } from '../durable.ts';
import type { TileFile } from './growth.ts';

/** A file of the tile folder with its bytes. */
export interface TileContent {
  readonly file: TileFile;
  readonly content: Uint8Array;
}

/**
 * `<data_dir>/public`: checkpoint, tiles and entry bundles by their C2SP paths, so that any static server can serve the log and any fsck can
 * read it from disk. Tiles never change once written; only `checkpoint` is replaced.
 */
export class PublicFolder {
  readonly path: string;
  readonly #durable: Durable;

  constructor(path: string, durable: Durable) {
    this.path = path;
    this.#durable = durable;
  }

  create(): Promise<void> {
    return this.#durable.makeFolder(this.path);
  }

  /** Durable when it resolves. A file that is there with the same bytes is fine, with others it is an error. */
  writeTiles(tiles: readonly TileContent[]): Promise<void> {
    return this.#durable.writeImmutableAll(tiles.map(({ file, content }) => ({ path: join(this.path, file.path), bytes: content })));
  }

  /** Puts a tile in place whatever is there: for `repair`, which has proved the content. */
  async replaceTile({ file, content }: TileContent): Promise<void> {
    const path = join(this.path, file.path);
    await this.#durable.makeFolder(dirname(path));
    await this.#durable.writeFile(path, content, { mode: 0o444 });
  }

  writeCheckpoint(note: Uint8Array): Promise<void> {
    return this.#durable.writeFile(join(this.path, 'checkpoint'), note);
  }

  /** The published note, or null in a new log. */
  async readCheckpoint(): Promise<Uint8Array | null> {
    return this.read('checkpoint');
  }

  /** A file's bytes, or null when there is none. The path is one of ours, never a client's text. */
  async read(path: string): Promise<Uint8Array | null> {
    try {
      return await readFile(join(this.path, path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  /** Hashes of a full tile, for proofs. Throws when it is missing or not 8,192 bytes. */
  readFullTile(level: number, index: bigint): Uint8Array {
    const path = tilePath(level, index);
    const bytes = readFileSync(join(this.path, path));
    if (bytes.length !== TILE_WIDTH * 32) throw new Error(`expected ${TILE_WIDTH * 32} bytes in ${path}; found ${bytes.length}`);
    return bytes;
  }
}
