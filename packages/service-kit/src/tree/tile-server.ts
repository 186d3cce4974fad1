/** Tiles and entry bundles over HTTP: C2SP tlog-tiles, no further than a published size implies. */
import { decodeBundle, encodeBundle, entriesPath, parseTilePath, TILE_WIDTH, tilePath, tileWidth, type TilePath } from '@verbatim/tlog';
import type { Context } from 'hono';
import { gzip as gzipCallback } from 'node:zlib';
import { promisify } from 'node:util';
import { notFound } from '../problem.ts';
import type { PublicFolder } from './public-folder.ts';

const gzip = promisify(gzipCallback);

/** Compressed full bundles kept: they never change, and compressing one costs milliseconds. */
const MAX_COMPRESSED = 64;
const FULL = 'public, max-age=31536000, immutable';
/** Partial tiles are collected some time after the full one exists. */
const PARTIAL = 'public, max-age=600, immutable';

export class TileServer {
  readonly #folder: Pick<PublicFolder, 'read'>;
  readonly #compressed = new Map<string, Promise<Uint8Array>>();

  constructor(folder: Pick<PublicFolder, 'read'>) {
    this.#folder = folder;
  }

  /** @param path `tile/…`, as asked @param size of the published checkpoint */
  async answer(c: Context, path: string, size: bigint): Promise<Response> {
    const tile = parseTilePath(path);
    if (tile === null || tile.width > impliedWidth(tile, size)) return notFound(c);
    const content = await this.#read(tile, path);
    if (content === null) return notFound(c);
    const headers: Record<string, string> = {
      'content-type': 'application/octet-stream',
      'cache-control': tile.width === TILE_WIDTH ? FULL : PARTIAL,
    };
    if (tile.kind === 'tile') return c.body(new Uint8Array(content), 200, headers);
    headers['vary'] = 'Accept-Encoding';
    if (!acceptsGzip(c.req.header('accept-encoding'))) return c.body(new Uint8Array(content), 200, headers);
    headers['content-encoding'] = 'gzip';
    return c.body(new Uint8Array(await this.#compress(tile, path, content)), 200, headers);
  }

  /** A partial tile that was collected is the beginning of the full one. */
  async #read(tile: TilePath, path: string): Promise<Uint8Array | null> {
    const found = await this.#folder.read(path);
    if (found !== null || tile.width === TILE_WIDTH) return found;
    const full = await this.#folder.read(tile.kind === 'tile' ? tilePath(tile.level, tile.index) : entriesPath(tile.index));
    if (full === null) return null;
    return tile.kind === 'tile' ? full.subarray(0, tile.width * 32) : encodeBundle(decodeBundle(full, TILE_WIDTH).slice(0, tile.width));
  }

  #compress(tile: TilePath, path: string, content: Uint8Array): Promise<Uint8Array> {
    if (tile.width < TILE_WIDTH) return gzip(content);
    const known = this.#compressed.get(path);
    if (known !== undefined) return known;
    const fresh: Promise<Uint8Array> = gzip(content);
    this.#compressed.set(path, fresh);
    if (this.#compressed.size > MAX_COMPRESSED) this.#compressed.delete(this.#compressed.keys().next().value!);
    return fresh;
  }
}

/** Hashes or entries that the tile has at a size. Bundles are as wide as level-0 tiles. */
function impliedWidth(tile: TilePath, size: bigint): number {
  return tileWidth(tile.kind === 'tile' ? tile.level : 0, tile.index, size);
}

/** RFC 9110 §12.5.3, as far as it matters: gzip is named and its weight is not zero. */
function acceptsGzip(header: string | undefined): boolean {
  return (header ?? '').split(',').some((part) => /^\s*gzip\s*(?:;\s*q=(?:1(?:\.0{0,3})?|0\.(?!0+\s*$)[0-9]{1,3}))?\s*$/i.test(part));
}
