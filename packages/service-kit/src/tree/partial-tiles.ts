import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { entriesPath, TILE_WIDTH, tilePath } from '@verbatim/tlog';
import type { Logger } from '../logger.ts';

/** A tree in a folder, and the size that is public. */
export interface PublishedTree {
  readonly folder: { readonly path: string };
  readonly published: { readonly size: bigint };
}

/** How long partial tiles outlive the full one: readers of an older checkpoint may still ask for them, and then fall back. */
const GRACE_MS = 60_000;

/**
 * Removes partial tiles and bundles once the full one is published ("they may go once the full tile exists", tlog-tiles). Without it a slow log
 * keeps up to 255 partial copies of every bundle. A file that stays is only waste, so failures are logged and nothing more.
 */
export class PartialTileCollector implements Disposable {
  readonly #tree: PublishedTree;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  /** Full tiles at the end of the last round: collected in the next, a grace period later. */
  #full: bigint;
  #collected = 0n;
  #collecting = false;

  private constructor(tree: PublishedTree, logger: Logger, graceMs: number) {
    this.#tree = tree;
    this.#logger = logger;
    this.#full = fullTiles(tree);
    this.#timer = setInterval(() => void this.#collect(), graceMs).unref();
  }

  static start(tree: PublishedTree, logger: Logger, graceMs = GRACE_MS): PartialTileCollector {
    return new PartialTileCollector(tree, logger, graceMs);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #collect(): Promise<void> {
    if (this.#collecting) return;
    this.#collecting = true;
    const full = this.#full;
    this.#full = fullTiles(this.#tree);
    try {
      // The first round looks at every tile: some may have been left by an earlier process.
      for (; this.#collected < full; this.#collected++) await this.#remove(this.#collected);
    } catch (error) {
      this.#logger.warn({ err: error }, 'partial tiles not collected');
    } finally {
      this.#collecting = false;
    }
  }

  async #remove(tile: bigint): Promise<void> {
    const { path } = this.#tree.folder;
    const folders = [`${entriesPath(tile)}.p`, `${tilePath(0, tile)}.p`];
    // A full tile of one level may complete one of the next.
    for (let level = 1, index = tile; (index + 1n) % BigInt(TILE_WIDTH) === 0n; level++) {
      index /= BigInt(TILE_WIDTH);
      folders.push(`${tilePath(level, index)}.p`);
    }
    for (const folder of folders) {
      const found = await readdir(join(path, folder)).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null;
        throw error;
      });
      if (found !== null) await rm(join(path, folder), { recursive: true });
    }
  }
}

function fullTiles({ published }: PublishedTree): bigint {
  return published.size / BigInt(TILE_WIDTH);
}
