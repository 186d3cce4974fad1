import { NodeCache, Tree } from '@verbatim/service-kit/tree';
import { AddEntriesReader, CompactRange, hashLeaf, packageRanges, verifySubtreeConsistency, type Hash } from '@verbatim/tlog';
import { expect, test } from 'vitest';
import { uploadBody } from './upload-body.ts';

const SIZE = 9000;
const entries = Array.from({ length: SIZE }, (_, i) => new Uint8Array(i % 50).fill(i));
const nodes = new NodeCache(() => {
  throw new Error('not in memory');
});
const tree = new Tree(new CompactRange(), nodes, []);
tree.append(entries.map((entry) => ({ entry, leafHash: hashLeaf(entry) })));
const source = { nodes, entries: (start: bigint, end: bigint) => entries.slice(Number(start), Number(end)).map((entry) => ({ entry })) };

/** Packages in an upload from `start` whose proofs hold. */
async function wholePackages(start: bigint, end = BigInt(SIZE), root: Hash = tree.root()): Promise<number> {
  const header = { origin: 'log.example', start, end, ticket: Uint8Array.of(1, 2) };
  const reader = new AddEntriesReader(
    (async function* () {
      yield uploadBody(header, source);
    })(),
  );
  expect(await reader.header()).toEqual(header);
  let count = 0;
  for (const range of packageRanges(start, end)) {
    const found = await reader.package(range);
    if (found === null) return count;
    expect(found.entries).toEqual(entries.slice(Number(range.start), Number(range.end)));
    const subtree = new CompactRange();
    for (let i = range.subtreeStart; i < range.end; i++) subtree.append(hashLeaf(entries[Number(i)]!));
    expect(verifySubtreeConsistency(range.subtreeStart, range.end, end, found.proof, subtree.root(), root)).toBe(true);
    count += 1;
  }
  return count;
}

test('a request holds at most 32 packages, each with a proof that holds', async () => {
  expect(await wholePackages(0n)).toBe(32);
  expect(await wholePackages(5n)).toBe(32);
  expect(await wholePackages(8192n)).toBe(4);
  expect(await wholePackages(8999n)).toBe(1);
  expect(await wholePackages(9000n)).toBe(0);
});

test('large entries end a request after 8 MiB', () => {
  const large = {
    nodes,
    entries: (start: bigint, end: bigint) => Array.from({ length: Number(end - start) }, () => ({ entry: new Uint8Array(16_384) })),
  };
  const body = uploadBody({ origin: 'log.example', start: 0n, end: BigInt(SIZE), ticket: new Uint8Array() }, large);
  expect(body.length).toBeGreaterThan(8 * 1024 * 1024);
  expect(body.length).toBeLessThan(13 * 1024 * 1024);
});
