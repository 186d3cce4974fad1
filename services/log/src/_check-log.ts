/** Test-only: reads a whole log as a C2SP client would, and recomputes everything. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  bytesEqual,
  CompactRange,
  decodeBundle,
  entriesPath,
  hashLeaf,
  openCheckpoint,
  tilePath,
  tileWidth,
  type VerifierKey,
} from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { checkIndexRoots } from './_check-index.ts';

export type ReadFile = (path: string) => Promise<Uint8Array>;

export const fromFolder =
  (folder: string): ReadFile =>
  async (path) =>
    new Uint8Array(await readFile(join(folder, path)));

export const fromUrl =
  (url: string): ReadFile =>
  async (path) => {
    const response = await fetch(`${url}/${path}`);
    if (response.status !== 200) throw new Error(`${path}: status ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  };

/**
 * All entries of the published tree. Throws at the first byte that does not fit the signed root, whatever file it is in, and at the first index
 * root that is not the one of the entries before it.
 */
export async function checkWholeLog(read: ReadFile, logKey: VerifierKey): Promise<Uint8Array[]> {
  const { checkpoint } = openCheckpoint(await read('checkpoint'), logKey, verifyEd25519);
  const { size, root } = checkpoint;
  const tiles = new Map<string, Uint8Array[]>();
  const range = new CompactRange();
  const entries: Uint8Array[] = [];
  for (let index = 0n; tileWidth(0, index, size) > 0; index++) {
    const width = tileWidth(0, index, size);
    for (const entry of decodeBundle(await read(entriesPath(index, width)), width)) {
      entries.push(entry);
      range.append(hashLeaf(entry), ({ level, index: node }, hash) => {
        if (level % 8 !== 0) return;
        const key = `${level / 8} ${node / 256n}`;
        tiles.set(key, [...(tiles.get(key) ?? []), hash]);
      });
    }
  }
  if (!bytesEqual(range.root(), root)) throw new Error(`the entries do not hash to the root signed at size ${size}`);
  for (const [key, hashes] of tiles) {
    const [level, index] = key.split(' ') as [string, string];
    const path = tilePath(Number(level), BigInt(index), hashes.length);
    if (!bytesEqual(await read(path), Buffer.concat(hashes))) throw new Error(`${path} does not hold the hashes of its nodes`);
  }
  checkIndexRoots(entries, logKey);
  return entries;
}

/** Relative paths of all files below a folder, sorted; without those that are being written. */
export async function filesBelow(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((each) => each.isFile() && !each.name.endsWith('.tmp'))
    .map((each) => join(each.parentPath, each.name).slice(folder.length + 1))
    .toSorted();
}
