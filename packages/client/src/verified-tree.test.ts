import { InMemoryLog, withEntryRewritten } from '@verbatim/testkit';
import { bytesEqual, hashLeaf, parseTilePath, TILE_WIDTH, tilePath, utf8Encode, verifyConsistency, verifyInclusion } from '@verbatim/tlog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf, collect } from './_support.ts';
import { ClientError } from './errors.ts';
import type { Source } from './source.ts';
import { subtreeRoot } from './subtree.ts';
import type { TileCache } from './tile-cache.ts';
import { VerifiedTree } from './verified-tree.ts';

const entryOf = (i: bigint): Uint8Array => utf8Encode(`entry ${i}`);
const forged = utf8Encode('forged');

/** One log for all sizes: smaller ones are its past. */
const log = new InMemoryLog();
function grow(size: bigint): void {
  while (log.size < size) log.add(entryOf(log.size));
}

function treeOf(files: (path: string) => Uint8Array | null, size: bigint, cache?: TileCache): VerifiedTree {
  grow(size);
  const source: Source = { location: 'test', hasLookup: false, get: async (path) => files(path), close: async () => {} };
  return new VerifiedTree({ origin: log.origin, size, root: log.root(size) }, source, cache === undefined ? {} : { cache });
}

function memoryCache(): TileCache & { readonly files: Map<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>();
  return {
    files,
    get: async (path) => files.get(path) ?? null,
    put: async (path, bytes) => void files.set(path, bytes),
    drop: async (path) => void files.delete(path),
  };
}

describe('a verified tree', () => {
  it('gives every entry and a proof of it, at all small sizes', async () => {
    grow(300n);
    for (let size = 1n; size <= 300n; size += size < 20n ? 1n : 13n) {
      const tree = treeOf((path) => log.read(path), size);
      const root = log.root(size);
      for (const index of [0n, size / 2n, size - 1n]) {
        const { entry, proof } = await tree.proved(index);
        expect(bytesEqual(entry, entryOf(index))).toBe(true);
        expect(verifyInclusion(index, size, hashLeaf(entry), proof, root)).toBe(true);
      }
      for (const old of [1n, size / 2n + 1n, size]) {
        if (old > size) continue;
        expect(verifyConsistency(old, size, await tree.consistencyProof(old), log.root(old), root)).toBe(true);
      }
    }
  });

  it('keeps no bundle in memory for the sake of one entry of it', async () => {
    const tree = treeOf((path) => log.read(path), 300n);
    const given = [
      await tree.entry(7n),
      (await tree.proved(8n)).entry,
      ...(await collect(tree.entries(9n, 12n))).map(({ entry }) => entry),
    ];
    for (const entry of given) expect(entry.buffer.byteLength).toBe(entry.length);
  });

  it('reads the empty log, and nothing in it', async () => {
    const tree = treeOf(() => null, 0n);
    expect(await collect(tree.entries(0n))).toEqual([]);
    await expect(tree.entry(0n)).rejects.toThrow(RangeError);
    expect(await tree.consistencyProof(0n)).toEqual([]);
  });

  it('reads on over the ends of bundles', async () => {
    const tree = treeOf((path) => log.read(path), 600n);
    const entries = await collect(tree.entries(250n, 520n));
    expect(entries.map(({ index }) => index)).toEqual(Array.from({ length: 270 }, (_, i) => BigInt(250 + i)));
    expect(entries.every(({ index, entry }) => bytesEqual(entry, entryOf(index)))).toBe(true);
  });

  it('takes the first part of full tiles and bundles when the partial ones are gone', async () => {
    grow(600n);
    const full = (path: string): Uint8Array | null => (path.includes('.p/') ? null : log.read(path));
    const tree = treeOf(full, 300n);
    // The level above never becomes full here, so it must be served as it is.
    const withTop = treeOf((path) => (path.startsWith('tile/1/') ? log.read(path) : full(path)), 300n);
    expect(await codeOf(tree.entry(299n))).toBe('not-found');
    expect(bytesEqual(await withTop.entry(299n), entryOf(299n))).toBe(true);
  });

  it('asks for each tile once, however many proofs need it', async () => {
    const asked: string[] = [];
    const tree = treeOf((path) => (asked.push(path), log.read(path)), 600n);
    await Promise.all(Array.from({ length: 600 }, (_, i) => tree.proved(BigInt(i))));
    expect(new Set(asked).size).toBe(asked.length);
  });

  it('asks again after trouble', async () => {
    let failures = 1;
    const tree = treeOf((path) => {
      if (failures-- > 0) throw new ClientError('unreachable', 'a moment of trouble');
      return log.read(path);
    }, 300n);
    expect(await codeOf(tree.entry(3n))).toBe('unreachable');
    expect(await codeOf(tree.entry(3n))).toBe('accepted');
  });
});

describe('the bypass of CVE-2026-56865', () => {
  // Many one-bits: more nodes in a proof than there are distinct tiles on the edge.
  const sizes = [1n, 2n, 255n, 256n, 257n, 511n, 512n, 767n, 1023n, 1279n, 2047n];
  it.each(sizes)('fails at size %d: an entry and its level-0 tile rewritten to match, in every tile', async (size) => {
    const past = new InMemoryLog();
    for (let i = 0n; i < size; i++) past.add(entryOf(i));
    for (let tile = 0n; tile * 256n < size; tile++) {
      for (const index of new Set([tile * 256n, tile * 256n + 255n < size ? tile * 256n + 255n : size - 1n])) {
        const files = withEntryRewritten(past, index, forged);
        const tree = treeOf((path) => files.get(path) ?? null, size);
        expect(await codeOf(tree.proved(index))).toBe('tile-mismatch');
        expect(await codeOf(collect(tree.entries(0n)))).toBe('tile-mismatch');
      }
    }
  });

  it('fails in a tree of three levels, for tiles of level 0 and 1 at every position', { timeout: 300_000 }, async () => {
    const size = 65_536n + 3n * 256n + 129n;
    grow(size);
    const cache = memoryCache();
    const honest = treeOf((path) => log.read(path), size, cache);
    await Promise.all([0n, 300n, 40_000n, size - 1n].map((index) => honest.proved(index)));
    for (let tile = 0n; tile * 256n < size; tile += tile < 3n || tile > 250n ? 1n : 17n) {
      const index = tile * 256n + ((tile * 37n) % 129n);
      const path = tilePath(0, tile, tile * 256n + 256n > size ? 129 : TILE_WIDTH);
      const bytes = log.read(path)!.slice();
      bytes.set(hashLeaf(forged), Number(index % 256n) * 32);
      const tree = treeOf((asked) => (asked === path ? bytes : log.read(asked)), size);
      expect(await codeOf(tree.proved(index))).toBe('tile-mismatch');
      // The level above is rewritten to match as well: then its own parent, or the root, does not fit.
      const upper = tilePath(1, tile / 256n, tile / 256n === 0n ? TILE_WIDTH : 3);
      const above = log.read(upper)!.slice();
      if (path.includes('.p/')) continue;
      above.set(subtreeRoot(Array.from({ length: 256 }, (_, i) => bytes.subarray(i * 32, i * 32 + 32))), Number(tile % 256n) * 32);
      const deeper = treeOf((asked) => (asked === path ? bytes : asked === upper ? above : log.read(asked)), size);
      expect(await codeOf(deeper.proved(index))).toBe('tile-mismatch');
    }
  });

  it('fails for any changed byte of any tile or bundle that is needed', { timeout: 120_000 }, async () => {
    grow(600n);
    const paths = [...log.tiles(600n).keys()].filter((path) => parseTilePath(path) !== null);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), fc.nat(), fc.integer({ min: 1, max: 255 }), async (path, at, mask) => {
        const tree = treeOf((asked) => {
          const bytes = log.read(asked);
          return asked === path && bytes !== null ? bytes.with(at % bytes.length, bytes[at % bytes.length]! ^ mask) : bytes;
        }, 600n);
        const code = await codeOf(collect(tree.entries(0n)));
        expect(['tile-mismatch', 'entry-mismatch', 'malformed']).toContain(code);
      }),
      { numRuns: 150 },
    );
  });
});

describe('what a log serves instead', () => {
  const serving = (path: string, bytes: Uint8Array): VerifiedTree => treeOf((asked) => (asked === path ? bytes : log.read(asked)), 300n);

  it.each([
    ['a tile of another length', 'tile/0/000', new Uint8Array(31)],
    ['a longer tile', 'tile/0/000', new Uint8Array(8224)],
    ['an empty tile', 'tile/0/001.p/44', new Uint8Array()],
    ['a page of words for a bundle', 'tile/entries/000', utf8Encode('<html>')],
    ['an empty bundle', 'tile/entries/000', new Uint8Array()],
  ])('%s is no misbehaviour, and no answer', async (_what, path, bytes) => {
    expect(
      await codeOf(
        serving(path, bytes)
          .entry(0n)
          .then(() => serving(path, bytes).entry(299n)),
      ),
    ).toBe('malformed');
  });

  it('a bundle with an entry more is refused', async () => {
    const bytes = new Uint8Array([...log.read('tile/entries/000')!, 0, 1, 65]);
    expect(await codeOf(serving('tile/entries/000', bytes).entry(0n))).toBe('malformed');
  });

  it('entries of another place are refused', async () => {
    grow(512n);
    expect(await codeOf(serving('tile/entries/000', log.read('tile/entries/001')!).entry(0n))).toBe('entry-mismatch');
  });
});

describe('a tile cache', () => {
  it('gets only what was verified, and only what is full', async () => {
    const cache = memoryCache();
    const files = withEntryRewritten(pastOf(600n), 5n, forged);
    expect(await codeOf(treeOf((path) => files.get(path) ?? null, 600n, cache).entry(5n))).toBe('tile-mismatch');
    expect([...cache.files.keys()]).toEqual([]);
    await collect(treeOf((path) => log.read(path), 600n, cache).entries(0n));
    expect([...cache.files.keys()].sort()).toEqual(['tile/0/000', 'tile/0/001', 'tile/entries/000', 'tile/entries/001']);
  });

  it('is not believed: what is damaged is fetched again', async () => {
    const cache = memoryCache();
    cache.files.set('tile/0/000', new Uint8Array(8192));
    cache.files.set('tile/entries/000', utf8Encode('nonsense'));
    const tree = treeOf((path) => log.read(path), 600n, cache);
    expect(bytesEqual(await tree.entry(7n), entryOf(7n))).toBe(true);
    expect(bytesEqual(cache.files.get('tile/0/000')!, log.read('tile/0/000')!)).toBe(true);
  });

  it('saves the asking', async () => {
    const cache = memoryCache();
    await treeOf((path) => log.read(path), 600n, cache).entry(7n);
    const asked: string[] = [];
    await treeOf((path) => (asked.push(path), log.read(path)), 600n, cache).entry(7n);
    expect(asked.every((path) => path.includes('.p/'))).toBe(true);
  });
});

function pastOf(size: bigint): InMemoryLog {
  const past = new InMemoryLog();
  for (let i = 0n; i < size; i++) past.add(entryOf(i));
  return past;
}
