import { performance } from 'node:perf_hooks';
import {
  CompactRange,
  HASH_BYTES,
  hashLeaf,
  hashNode,
  planConsistency,
  planInclusion,
  verifyInclusion,
  type Hash,
  type NodeId,
} from '@verbatim/tlog';
import { table } from './_process.ts';

/**
 * Cost of one append and of one proof (plan, read the nodes, assemble, verify) in trees of 10^3, 10^5 and 10^6 entries, in node hashes of the
 * same run. It must grow as the logarithm of the size.
 *
 *   node test/bench/growth.ts [SIZE…]        10000000 takes two minutes and 700 MB
 */
const given = process.argv.slice(2).map(Number);
const SIZES = given.length > 0 ? given : [1_000, 100_000, 1_000_000];
const ROUNDS = 2_000;

/** Each level's hashes, one after another. */
const levels: Uint8Array[] = [];
const read = ({ level, index }: NodeId): Hash => levels[level]!.subarray(Number(index) * HASH_BYTES, (Number(index) + 1) * HASH_BYTES);
const range = new CompactRange();

function append(number: number): void {
  const entry = new Uint8Array(8);
  new DataView(entry.buffer).setUint32(0, number);
  range.append(hashLeaf(entry), ({ level, index }, hash) => {
    const at = Number(index) * HASH_BYTES;
    levels[level] ??= new Uint8Array(Math.ceil((Math.max(...SIZES) + ROUNDS) / 2 ** level) * HASH_BYTES);
    levels[level].set(hash, at);
  });
}

function microseconds(rounds: number, work: (round: number) => void): number {
  const began = performance.now();
  for (let round = 0; round < rounds; round++) work(round);
  return ((performance.now() - began) * 1000) / rounds;
}

const rows = [];
for (const size of SIZES) {
  while (Number(range.size) < size - ROUNDS / 2) append(Number(range.size));
  const appendCost = microseconds(ROUNDS / 2, () => append(Number(range.size)));
  const root = range.root();
  const n = range.size;
  const one = microseconds(20_000, () => hashNode(root, root));
  const inclusion = microseconds(ROUNDS, (round) => {
    const index = BigInt((round * 7919) % size);
    const plan = planInclusion(index, n);
    const proof = plan.assemble(plan.nodes.map(read));
    if (!verifyInclusion(index, n, read({ level: 0, index }), proof, root)) throw new Error('a proof of our own does not verify');
  });
  const consistency = microseconds(ROUNDS, (round) => {
    const plan = planConsistency(BigInt(1 + ((round * 7919) % (size - 1))), n);
    plan.assemble(plan.nodes.map(read));
  });
  rows.push({
    entries: size,
    log2: Math.log2(size).toFixed(1),
    'node hash µs': one.toFixed(2),
    'append µs': appendCost.toFixed(2),
    'append / hash': (appendCost / one).toFixed(1),
    'inclusion proof and check µs': inclusion.toFixed(1),
    'per log2': (inclusion / Math.log2(size)).toFixed(2),
    'consistency proof µs': consistency.toFixed(1),
  });
}
table(rows);
