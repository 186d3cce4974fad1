import { gzip as gzipCallback } from 'node:zlib';
import { promisify } from 'node:util';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { notFound, problem } from '@verbatim/service-kit';
import { decodeBundle, encodeBundle, entriesPath, parseTilePath, TILE_WIDTH, tilePath, tileWidth, type TilePath } from '@verbatim/tlog';
import type { Engine } from '../engine/engine.ts';
import { NOTHING_PUBLISHED } from './problems.ts';
import type { Services } from './services.ts';

const gzip = promisify(gzipCallback);

/** Compressed full bundles kept: they never change, and compressing one costs milliseconds. */
const MAX_COMPRESSED = 64;
const FULL = 'public, max-age=31536000, immutable';
/** Partial tiles are collected some time after the full one exists. */
const PARTIAL = 'public, max-age=600, immutable';

/**
 * C2SP tlog-tiles: the published checkpoint, and hash tiles and entry bundles up to the signed one: an index-witness reads entries before it
 * cosigns (docs/adr/0007).
 */
export function tileRoutes(app: OpenAPIHono, { engine }: Services): void {
  const compressed = new Map<string, Promise<Uint8Array>>();

  app.get('/checkpoint', (c) => {
    const publication = engine.published.current;
    if (publication === null) return problem(c, NOTHING_PUBLISHED);
    return c.body(new Uint8Array(publication.bytes), 200, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  });

  app.get('/tile/*', async (c) => {
    const path = c.req.path.slice(1);
    const tile = parseTilePath(path);
    if (tile === null || tile.width > impliedWidth(tile, engine.signed.size)) return notFound(c);
    const content = await readTile(engine, tile, path);
    if (content === null) return notFound(c);
    const headers: Record<string, string> = {
      'content-type': 'application/octet-stream',
      'cache-control': tile.width === TILE_WIDTH ? FULL : PARTIAL,
    };
    if (tile.kind === 'tile') return c.body(new Uint8Array(content), 200, headers);
    headers['vary'] = 'Accept-Encoding';
    if (!acceptsGzip(c.req.header('accept-encoding'))) return c.body(new Uint8Array(content), 200, headers);
    headers['content-encoding'] = 'gzip';
    return c.body(new Uint8Array(await compress(compressed, tile, path, content)), 200, headers);
  });
}

/** Hashes or entries that the tile has at a size. Bundles are as wide as level-0 tiles. */
function impliedWidth(tile: TilePath, size: bigint): number {
  return tileWidth(tile.kind === 'tile' ? tile.level : 0, tile.index, size);
}

/** A partial tile that was collected is the beginning of the full one. */
async function readTile({ folder }: Engine, tile: TilePath, path: string): Promise<Uint8Array | null> {
  const found = await folder.read(path);
  if (found !== null || tile.width === TILE_WIDTH) return found;
  const full = await folder.read(tile.kind === 'tile' ? tilePath(tile.level, tile.index) : entriesPath(tile.index));
  if (full === null) return null;
  return tile.kind === 'tile' ? full.subarray(0, tile.width * 32) : encodeBundle(decodeBundle(full, TILE_WIDTH).slice(0, tile.width));
}

function compress(cache: Map<string, Promise<Uint8Array>>, tile: TilePath, path: string, content: Uint8Array): Promise<Uint8Array> {
  if (tile.width < TILE_WIDTH) return gzip(content);
  const known = cache.get(path);
  if (known !== undefined) return known;
  const fresh: Promise<Uint8Array> = gzip(content);
  cache.set(path, fresh);
  if (cache.size > MAX_COMPRESSED) cache.delete(cache.keys().next().value!);
  return fresh;
}

/** RFC 9110 §12.5.3, as far as it matters: gzip is named and its weight is not zero. */
function acceptsGzip(header: string | undefined): boolean {
  return (header ?? '').split(',').some((part) => /^\s*gzip\s*(?:;\s*q=(?:1(?:\.0{0,3})?|0\.(?!0+\s*$)[0-9]{1,3}))?\s*$/i.test(part));
}
