/** github.com/transparency-dev/merkle: its reference tree, the nodes of its proofs, and its fuzzing corpus. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import {
  CompactRange,
  TlogError,
  compactRangeNodes,
  fromHex,
  hashLeaf,
  planConsistency,
  planInclusion,
  toHex,
  type NodeId,
  type ProofPlan,
} from '@verbatim/tlog';
import { fetchGoModule, goFunction, type ReadModuleFile } from './_go-module.ts';

let read: ReadModuleFile;
let folder: string;
beforeAll(() => {
  ({ read, folder } = fetchGoModule({
    path: 'github.com/transparency-dev/merkle',
    version: 'v0.0.2',
    sum: 'h1:Q9nBoQcZcgPamMkGn7ghV8XiTZ/kRxn1yCG81+twTK4=',
  }));
});

/** The hex literals of a function in testonly/constants.go. */
function hexOf(name: string): string[] {
  const body = goFunction(read('testonly/constants.go'), name, '\n}\n');
  return [...body.matchAll(/hd\("([0-9a-f]*)"\)/g)].map(([, hex]) => hex!);
}

test('its reference tree has our roots and nodes', () => {
  const [inputs, nodes, roots] = [hexOf('LeafInputs'), hexOf('NodeHashes'), hexOf('RootHashes')];
  expect([inputs.length, nodes.length, roots.length]).toEqual([8, 15, 8]);
  const range = new CompactRange();
  const seen = new Map<string, string>();
  for (const [i, input] of inputs.entries()) {
    range.append(hashLeaf(fromHex(input)), ({ level, index }, hash) => seen.set(`${level}/${index}`, toHex(hash)));
    expect(toHex(range.root())).toBe(roots[i]);
  }
  const expected = [8, 4, 2, 1].flatMap((width, level) => Array.from({ length: width }, (_, index) => `${level}/${index}`));
  expect(expected.map((id) => seen.get(id))).toEqual(nodes);
});

interface ProofCase {
  numbers: [bigint, bigint];
  refused: boolean;
  nodes: string[];
}

/** The table of a test in proof/proof_test.go, whose rows start with `{first: N, second: N,`. */
function proofCases(name: string, first: string, second: string): ProofCase[] {
  const rows = goFunction(read('proof/proof_test.go'), name, 't.Run(').split(`{${first}: `).slice(1);
  return rows.map((row) => {
    const [, a, b] = /^([0-9]+), ([a-z0-9]+: [0-9]+)/.exec(row) as unknown as [string, string, string];
    if (!b.startsWith(`${second}: `)) throw new Error(`expected ${second} in ${row}`);
    const ids = [...row.matchAll(/id\(([0-9]+), ([0-9]+)\)/g)].map(([, level, index]) => `${level}/${index}`);
    return { numbers: [BigInt(a), BigInt(b.slice(second.length + 2))], refused: row.includes('wantErr: true'), nodes: ids };
  });
}

function plannedNodes(plan: () => ProofPlan): string[] | 'refused' {
  try {
    // They list the parts of an incomplete subtree from the right, we from the left.
    return plan().nodes.map(label).toSorted();
  } catch (error) {
    if (error instanceof TlogError) return 'refused';
    throw error;
  }
}

function label({ level, index }: NodeId): string {
  return `${level}/${index}`;
}

test.each([
  ['TestInclusion', 'size', 'index', 20, (size: bigint, index: bigint) => planInclusion(index, size)],
  ['TestConsistency', 'size1', 'size2', 25, (size1: bigint, size2: bigint) => planConsistency(size1, size2)],
] as const)('%s: the same nodes for every case', (name, first, second, atLeast, plan) => {
  const cases = proofCases(name, first, second);
  expect(cases.length).toBeGreaterThan(atLeast);
  const found = cases.map(({ numbers }) => plannedNodes(() => plan(...numbers)));
  expect(found).toEqual(cases.map(({ refused, nodes }) => (refused ? 'refused' : nodes.toSorted())));
});

test('the compact range tiles every size of the fuzzing corpus', () => {
  const corpus = 'compact/testdata/fuzz/FuzzRangeNodes';
  const files = readdirSync(join(folder, corpus));
  expect(files).toHaveLength(19);
  const sizes = files.flatMap((name) => [...read(`${corpus}/${name}`).matchAll(/uint64\(([0-9]+)\)/g)].map(([, n]) => BigInt(n!)));
  expect(sizes).toHaveLength(38);
  const wrong = sizes.filter((size) => {
    let position = 0n;
    for (const { level, index } of compactRangeNodes(size)) {
      if (index << BigInt(level) !== position) return true;
      position = (index + 1n) << BigInt(level);
    }
    return position !== size;
  });
  expect(wrong).toEqual([]);
});
