import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NaiveTree } from './_naive.ts';
import {
  MAX_SIZE,
  TILE_WIDTH,
  bytesEqual,
  compactRangeNodes,
  entriesPath,
  hashNode,
  parseTilePath,
  planConsistency,
  planInclusion,
  tileCoordinates,
  tilePath,
  tileWidth,
  type Hash,
  type NodeId,
} from './index.ts';

describe('paths', () => {
  test.each([
    [tilePath(0, 0n), 'tile/0/000'],
    [tilePath(0, 999n), 'tile/0/999'],
    [tilePath(0, 1000n), 'tile/0/x001/000'],
    [tilePath(1, 1234067n), 'tile/1/x001/x234/067'],
    [tilePath(63, 123456789n, 255), 'tile/63/x123/x456/789.p/255'],
    [tilePath(0, 1234n, 17), 'tile/0/x001/234.p/17'],
    [entriesPath(0n), 'tile/entries/000'],
    [entriesPath(0n, 1), 'tile/entries/000.p/1'],
    [entriesPath(MAX_SIZE), 'tile/entries/x009/x223/x372/x036/x854/x775/807'],
  ])('%s', (found, expected) => {
    expect(found).toBe(expected);
    expect(parseTilePath(found)).not.toBeNull();
  });

  test('go there and back', () => {
    const index = fc.bigInt({ min: 0n, max: MAX_SIZE });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 63 }), index, fc.integer({ min: 1, max: 256 }), (level, n, width) => {
        expect(parseTilePath(tilePath(level, n, width))).toEqual({ kind: 'tile', level, index: n, width });
        expect(parseTilePath(entriesPath(n, width))).toEqual({ kind: 'entries', index: n, width });
      }),
    );
  });

  test.each([
    '',
    'tile',
    'checkpoint',
    '/tile/0/000',
    'tile/0/000/',
    'tile/0/000\n',
    'tile/0/0',
    'tile/0/00',
    'tile/0/0000',
    'tile/0/x000/000',
    'tile/0/x000/001',
    'tile/0/001/000',
    'tile/0/x001',
    'tile/0/x001/x000',
    'tile/0/X001/000',
    'tile/0/-01',
    'tile/0/ 01',
    'tile/64/000',
    'tile/00/000',
    'tile/01/000',
    'tile/-1/000',
    'tile/data/000',
    'tile/0/000.p/0',
    'tile/0/000.p/00',
    'tile/0/000.p/01',
    'tile/0/000.p/256',
    'tile/0/000.p/257',
    'tile/0/000.p/-1',
    'tile/0/000.p/1e1',
    'tile/0/000.p/',
    'tile/0/000.p',
    'tile/0/000.p/1/',
    'tile/0/000.p/1.p/1',
    'tile/8/0/000',
    'tile/entries/x009/x223/x372/x036/x854/x775/808',
    'tile/entries/x001/x000/x000/x000/x000/x000/x000/000',
    'tile/0/٠٠٠',
    'tile/0/..',
    'tile/0/%30%30%30',
  ])('%j is no path', (path) => {
    expect(parseTilePath(path)).toBeNull();
  });

  test('whatever parses is spelled so', () => {
    const part = fc.constantFrom('tile', 'entries', '/', '0', '1', '9', '63', '000', '001', 'x', '.p/', '255', '256', 'x001/');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 9 }), (parts) => {
        const path = parts.join('');
        const parsed = parseTilePath(path);
        const spelled =
          parsed === null
            ? path
            : parsed.kind === 'tile'
              ? tilePath(parsed.level, parsed.index, parsed.width)
              : entriesPath(parsed.index, parsed.width);
        expect(spelled).toBe(path);
      }),
      { numRuns: 5000 },
    );
  });

  test('are not made outside of the limits', () => {
    for (const call of [
      () => tilePath(-1, 0n),
      () => tilePath(64, 0n),
      () => tilePath(0.5, 0n),
      () => tilePath(0, -1n),
      () => tilePath(0, MAX_SIZE + 1n),
      () => tilePath(0, 0n, 0),
      () => tilePath(0, 0n, 257),
      () => entriesPath(0n, 1.5),
    ]) {
      expect(call).toThrow(expect.objectContaining({ code: 'out-of-range' }));
    }
  });
});

describe('widths', () => {
  test('at 70,000 entries are those of C2SP tlog-tiles’ example', () => {
    const widths = (level: number, count: number) => Array.from({ length: count }, (_, i) => tileWidth(level, BigInt(i), 70_000n));
    expect(widths(0, 275)).toEqual([...Array.from({ length: 273 }, () => 256), 112, 0]);
    expect(widths(1, 3)).toEqual([256, 17, 0]);
    expect(widths(2, 2)).toEqual([1, 0]);
    expect(widths(3, 1)).toEqual([0]);
  });

  test('at 256 entries there is a full tile and one above it', () => {
    expect([tileWidth(0, 0n, 256n), tileWidth(0, 1n, 256n), tileWidth(1, 0n, 256n)]).toEqual([256, 0, 1]);
    expect(tileWidth(0, 0n, 0n)).toBe(0);
  });

  test('are 64-bit exact', () => {
    expect(tileWidth(7, 0n, MAX_SIZE)).toBe(127);
    expect(tileWidth(0, MAX_SIZE / 256n, MAX_SIZE)).toBe(255);
  });
});

describe('coordinates', () => {
  const SIZE = 600;
  const tree = new NaiveTree(SIZE);

  /** The hash of a node from its tile alone, as a reader would compute it; the tile must exist at SIZE. */
  function fromTile(node: NodeId): Hash {
    const { level, index, first, count } = tileCoordinates(node);
    const width = tileWidth(level, index, BigInt(SIZE));
    expect(first + count).toBeLessThanOrEqual(width);
    const ids = Array.from({ length: width }, (_, i) => ({ level: 8 * level, index: index * BigInt(TILE_WIDTH) + BigInt(i) }));
    let hashes = tree.read(ids).slice(first, first + count);
    while (hashes.length > 1) hashes = hashes.filter((_, i) => i % 2 === 0).map((left, i) => hashNode(left, hashes[2 * i + 1]!));
    return hashes[0]!;
  }

  test('lead to every node of a tree', () => {
    const wrong: NodeId[] = [];
    for (let level = 0; 2 ** level <= SIZE; level++) {
      for (let index = 0n; (index + 1n) << BigInt(level) <= BigInt(SIZE); index++) {
        const node = { level, index };
        if (!bytesEqual(fromTile(node), tree.read([node])[0]!)) wrong.push(node);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('of all that proofs and compact ranges need lie in tiles that exist', () => {
    const size = fc.bigInt({ min: 1n, max: MAX_SIZE });
    fc.assert(
      fc.property(size, size, (a, b) => {
        const [small, large] = a < b ? [a, b] : [b, a];
        const nodes = [...compactRangeNodes(large), ...planInclusion(small - 1n, large).nodes, ...planConsistency(small, large).nodes];
        for (const node of nodes) {
          const { level, index, first, count } = tileCoordinates(node);
          expect(first + count).toBeLessThanOrEqual(tileWidth(level, index, large));
        }
      }),
    );
  });
});
