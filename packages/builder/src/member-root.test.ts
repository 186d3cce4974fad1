import { memberLeaf, type MemberEntry } from '@verbatim/statements';
import { EMPTY_ROOT, hashLeaf, sha256, toHex, verifyInclusion } from '@verbatim/tlog';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { memberRoot, memberTree } from './member-root.ts';

const entry = (path: string, changes: Partial<MemberEntry> = {}): MemberEntry => ({
  path,
  type: 'file',
  mode: 0o644,
  size: 1,
  sha256: toHex(sha256(Buffer.from(path))),
  ...changes,
});
const entries = (count: number): MemberEntry[] => Array.from({ length: count }, (_, index) => entry(`folder/${index}`));

test('a leaf is the canonical JSON of its entry', () => {
  expect(Buffer.from(memberLeaf(entry('a/ä', { mode: 0o755, size: 3 }))).toString()).toBe(
    `{"mode":493,"path":"a/ä","sha256":"${toHex(sha256(Buffer.from('a/ä')))}","size":3,"type":"file"}`,
  );
});

test('every entry of every small tree is proved to the root, by the log’s own verifier', () => {
  for (let count = 1; count <= 40; count++) {
    const tree = memberTree(entries(count));
    expect(tree.size).toBe(BigInt(count));
    for (const { path } of entries(count)) {
      const { index, leaf, proof } = tree.prove(path)!;
      expect(verifyInclusion(index, tree.size, leaf, proof, tree.root)).toBe(true);
      expect(verifyInclusion(index + 1n, tree.size, leaf, proof, tree.root)).toBe(false);
    }
  }
});

test('the root does not depend on the order in which entries come', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(entries(25), { minLength: 25 }), (shuffled) => {
      expect(memberRoot(shuffled)).toEqual(memberRoot(entries(25)));
    }),
  );
});

test('entries are sorted by the bytes of their paths', () => {
  const tree = memberTree([entry('\u{1f600}'), entry('\ufb01'), entry('b'), entry('a/z')]);
  expect(['a/z', 'b', '\ufb01', '\u{1f600}'].map((path) => tree.prove(path)!.index)).toEqual([0n, 1n, 2n, 3n]);
});

test('whatever changes in an entry changes the root', () => {
  const root = toHex(memberRoot([entry('a'), entry('b')]));
  for (const change of [{ mode: 0o755 }, { size: 2 }, { type: 'link' as const }, { sha256: '0'.repeat(64) }, { path: 'c' }]) {
    expect(toHex(memberRoot([entry('a'), entry('b', change)]))).not.toBe(root);
  }
});

test('an inner node is not a leaf, and no leaf is proved by nothing', () => {
  const tree = memberTree(entries(4));
  const first = tree.prove('folder/0')!;
  expect(verifyInclusion(0n, 2n, first.proof[1]!, [], tree.root)).toBe(false);
  expect(verifyInclusion(0n, 4n, tree.root, [], tree.root)).toBe(false);
  expect(tree.prove('folder/4')).toBeNull();
});

test('one entry is its own root, and none has the empty root', () => {
  expect(memberRoot([entry('a')])).toEqual(hashLeaf(memberLeaf(entry('a'))));
  expect(memberRoot([])).toEqual(EMPTY_ROOT);
});

test.each([
  ['a path twice', [entry('a'), entry('a', { size: 9 })]],
  ['an absolute path', [entry('/a')]],
  ['a way up', [entry('a/../b')]],
  ['a dot', [entry('./a')]],
  ['an empty segment', [entry('a//b')]],
  ['no path', [entry('')]],
  ['a zero byte', [entry('a\0')]],
  ['half a character', [entry('\ud800')]],
  ['a long path', [entry('x'.repeat(4097))]],
  ['bits that no file has', [entry('a', { mode: 0o10000 })]],
  ['a size that is none', [entry('a', { size: -1 })]],
  ['a digest that is none', [entry('a', { sha256: 'A'.repeat(64) })]],
  ['a folder with content', [entry('a', { type: 'folder' })]],
])('%s voids the tree', (_, list) => {
  expect(() => memberTree(list)).toThrow(/^member root: .*expected /);
});
