import { tileWidth } from '@verbatim/tlog';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { edgeFiles, filesOfGrowth } from './growth.ts';

/** Every file that a tree of this size consists of, by the definition (tlog-tiles), one tile after another. */
function allFiles(size: bigint): Set<string> {
  const files = new Set<string>();
  for (let level = 0; size >> BigInt(8 * level) > 0n; level++) {
    for (let index = 0n; tileWidth(level, index, size) > 0; index++) {
      const width = tileWidth(level, index, size);
      for (const file of edgeFiles((index * 256n + BigInt(width)) << BigInt(8 * level))) {
        if (file.level === level && file.index === index) files.add(file.path);
      }
      if (level === 0) files.add(edgeFiles(index * 256n + BigInt(width)).find((file) => file.level === null)!.path);
    }
  }
  return files;
}

test('growing in any steps writes every file that the final size consists of', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 8 }), (steps) => {
      const written = new Set<string>();
      let size = 0n;
      for (const step of steps) {
        for (const file of filesOfGrowth(size, size + BigInt(step))) written.add(file.path);
        size += BigInt(step);
      }
      for (const path of allFiles(size)) expect(written).toContain(path);
    }),
    { numRuns: 60 },
  );
});

test('growth across the first tile of level 1 writes exactly what changed', () => {
  expect(filesOfGrowth(255n, 257n).map(({ path }) => path)).toEqual([
    'tile/entries/000',
    'tile/entries/001.p/1',
    'tile/0/000',
    'tile/0/001.p/1',
    'tile/1/000.p/1',
  ]);
  expect(filesOfGrowth(257n, 258n).map(({ path }) => path)).toEqual(['tile/entries/001.p/2', 'tile/0/001.p/2']);
  expect(filesOfGrowth(65_535n, 65_536n).map(({ path }) => path)).toEqual([
    'tile/entries/255',
    'tile/0/255',
    'tile/1/000',
    'tile/2/000.p/1',
  ]);
});

test('a tree that does not grow needs no file, and an empty one has no edge', () => {
  expect(filesOfGrowth(300n, 300n)).toEqual([]);
  expect(edgeFiles(0n)).toEqual([]);
});

test('the example of the specification: 70,000 entries end in widths 112, 17 and 1', () => {
  expect(edgeFiles(70_000n).map(({ path }) => path)).toEqual([
    'tile/entries/273.p/112',
    'tile/0/273.p/112',
    'tile/1/001.p/17',
    'tile/2/000.p/1',
  ]);
});
