/** The JSON proofs of transparency-dev/merkle (`testdata`): RFC 6962 inclusion and consistency, and subtrees. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as tlog from '@verbatim/tlog';
import { browser } from './_browser.ts';
import { tally, type Case, type Tally } from './_tally.ts';

interface Vector {
  leafIdx: bigint;
  treeSize: bigint;
  start: bigint;
  end: bigint;
  size: bigint;
  size1: bigint;
  size2: bigint;
  root: string;
  root1: string;
  root2: string;
  leafHash: string;
  proof: string[] | null;
  wantErr: boolean;
}

type Verifiers = Pick<typeof tlog, 'verifyInclusion' | 'verifyConsistency' | 'verifySubtreeInclusion' | 'verifySubtreeConsistency'>;
type Verify = (vector: Vector, proof: Uint8Array[], by: Verifiers) => boolean;

const IMPLEMENTATIONS: Readonly<Record<string, Verifiers>> = { here: tlog, browser: browser.tlog };

/** Folder below `merkle/`, and what decides its cases. */
const SUITES: Record<string, Verify> = {
  inclusion: (v, proof, by) => by.verifyInclusion(v.leafIdx, v.treeSize, bytes(v.leafHash), proof, bytes(v.root)),
  consistency: (v, proof, by) => by.verifyConsistency(v.size1, v.size2, proof, bytes(v.root1), bytes(v.root2)),
  subtreeinclusion: (v, proof, by) => by.verifySubtreeInclusion(v.leafIdx, v.start, v.end, bytes(v.leafHash), proof, bytes(v.root)),
  subtreeconsistency: (v, proof, by) => by.verifySubtreeConsistency(v.start, v.end, v.size, proof, bytes(v.root1), bytes(v.root2)),
};

/** One tally for each folder; `folder` is `…/merkle`. A folder of ours that is missing, and one of theirs that we do not know, fail. */
export function runMerkle(folder: string): Tally[] {
  const unknown = readdirSync(folder).filter((name) => !Object.hasOwn(SUITES, name));
  const tallies = Object.entries(SUITES).map(([name, verify]) => tally(`merkle/${name}`, readCases(join(folder, name), verify)));
  return [...tallies, ...unknown.map((name) => ({ name: `merkle/${name}`, passed: 0, failures: [`merkle/${name}: no suite runs these`] }))];
}

function readCases(folder: string, verify: Verify): Case[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
  return files.toSorted().map((name) => ({
    name,
    run() {
      const vector = parseJson(readFileSync(join(folder, name), 'utf8')) as Vector;
      const proof = (vector.proof ?? []).map(bytes);
      const wrong = Object.entries(IMPLEMENTATIONS).filter(([, by]) => verify(vector, proof, by) === vector.wantErr);
      if (wrong.length === 0) return null;
      return `expected ${vector.wantErr ? 'refusal' : 'acceptance'}, found the opposite (${wrong.map(([where]) => where).join(', ')})`;
    },
  }));
}

/** JSON with every number as an exact bigint: some vectors hold 2^64 − 1. */
export function parseJson(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { source: string }) => {
    if (typeof value !== 'number') return value;
    if (context === undefined) throw new Error('this Node has no JSON.parse source text access; use the project’s Node');
    return BigInt(context.source);
  });
}

function bytes(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}
