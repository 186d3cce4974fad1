/** What a dishonest log does, as functions. */
import { decodeBundle, encodeBundle, entriesPath, hashLeaf, tilePath, tileWidth, TILE_WIDTH } from '@verbatim/tlog';
import { continuedLog } from './continued-log.ts';
import type { InMemoryLog } from './in-memory-log.ts';

/** A log with the same keys and the same first `size` entries. What is added to both afterwards is two histories. */
export function forkedLog(log: InMemoryLog, size: bigint): InMemoryLog {
  return continuedLog(log, log.signer, size, log.origin);
}

/**
 * The log's files with the entry at `index` replaced and its level-0 tile rewritten to match; the tiles above still say the truth.
 * Readers that check entries against their own tile only are taken in.
 */
export function withEntryRewritten(log: InMemoryLog, index: bigint, entry: Uint8Array): Map<string, Uint8Array> {
  const files = log.tiles();
  const tile = index / BigInt(TILE_WIDTH);
  const place = Number(index % BigInt(TILE_WIDTH));
  const width = tileWidth(0, tile, log.size);
  const entries = decodeBundle(files.get(entriesPath(tile, width))!, width);
  files.set(entriesPath(tile, width), encodeBundle(entries.with(place, entry)));
  const hashes = files.get(tilePath(0, tile, width))!.slice();
  hashes.set(hashLeaf(entry), place * 32);
  files.set(tilePath(0, tile, width), hashes);
  return files;
}
