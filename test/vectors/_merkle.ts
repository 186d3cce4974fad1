/** The JSON proofs of transparency-dev/merkle (`testdata`): RFC 6962 inclusion and consistency, and subtrees. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as tlog from '@verbatim/tlog';
import { browser } from './_browser.ts';
import { type Answer, type Question, question } from './_questions.ts';
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

type Verifier = 'verifyInclusion' | 'verifyConsistency' | 'verifySubtreeInclusion' | 'verifySubtreeConsistency';
/** What is to be called, with what. */
type Ask = readonly [call: Verifier, ...parameters: unknown[]];

const IMPLEMENTATIONS = { here: tlog, bundle: browser.tlog } as unknown as Record<
  string,
  Record<Verifier, (...parameters: unknown[]) => boolean>
>;

/** Folder below `merkle/`, and what decides its cases. */
const SUITES: Record<string, (vector: Vector, proof: Uint8Array[]) => Ask> = {
  inclusion: (v, proof) => ['verifyInclusion', v.leafIdx, v.treeSize, bytes(v.leafHash), proof, bytes(v.root)],
  consistency: (v, proof) => ['verifyConsistency', v.size1, v.size2, proof, bytes(v.root1), bytes(v.root2)],
  subtreeinclusion: (v, proof) => ['verifySubtreeInclusion', v.leafIdx, v.start, v.end, bytes(v.leafHash), proof, bytes(v.root)],
  subtreeconsistency: (v, proof) => ['verifySubtreeConsistency', v.start, v.end, v.size, proof, bytes(v.root1), bytes(v.root2)],
};

/** The files of every folder, in one order; `folder` is `…/merkle`. */
function* filesOf(
  folder: string,
): Generator<{ readonly suite: string; readonly name: string; readonly read: () => [ask: Ask, wantErr: boolean] }> {
  for (const [suite, ask] of Object.entries(SUITES)) {
    const files = readdirSync(join(folder, suite), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
    for (const name of files.toSorted()) {
      const read = (): [Ask, boolean] => {
        const vector = parseJson(readFileSync(join(folder, suite, name), 'utf8')) as Vector;
        return [ask(vector, (vector.proof ?? []).map(bytes)), vector.wantErr];
      };
      yield { suite, name, read };
    }
  }
}

/** One for each file. */
export function merkleQuestions(folder: string): Question[] {
  return [...filesOf(folder)].map(({ read }) => question(...read()[0]));
}

/**
 * One tally for each folder. A folder of ours that is missing, and one of theirs that we do not know, fail.
 *
 * @param answers of a real browser to the questions above, if it was asked
 */
export function runMerkle(folder: string, answers: readonly Answer[] = []): Tally[] {
  const cases = new Map<string, Case[]>(Object.keys(SUITES).map((suite) => [suite, []]));
  for (const [i, { suite, name, read }] of [...filesOf(folder)].entries()) {
    const run = (): string | null => {
      const [[call, ...parameters], wantErr] = read();
      const found = Object.entries(IMPLEMENTATIONS).map(([where, by]): [string, unknown] => [where, by[call](...parameters)]);
      const answer = answers[i];
      if (answer !== undefined) found.push(['chromium', answer.thrown ?? answer.value]);
      const wrong = found.filter(([, accepted]) => accepted !== !wantErr);
      if (wrong.length === 0) return null;
      return `expected ${wantErr ? 'refusal' : 'acceptance'}, found another thing (${wrong.map(([where]) => where).join(', ')})`;
    };
    cases.get(suite)!.push({ name, run });
  }
  const tallies = [...cases].map(([suite, each]) => tally(`merkle/${suite}`, each));
  const unknown = readdirSync(folder).filter((name) => !Object.hasOwn(SUITES, name));
  return [...tallies, ...unknown.map((name) => ({ name: `merkle/${name}`, passed: 0, failures: [`merkle/${name}: no suite runs these`] }))];
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
