import {
  MemoryNodeStore,
  EMPTY_MAP,
  addPairs,
  mapKey,
  provePrefix,
  rootOf,
  verifyPrefix,
  type MapNode,
  type NodeReader,
  type Pair,
} from '@verbatim/index-map';
import { hashLeaf, sha256, utf8Encode } from '@verbatim/tlog';
import { table } from './_process.ts';

/**
 * Cost of one more pair in maps of 10^3, 10^5 and 10^6: nodes read (each is one hash, to check it), nodes made (one hash and one write), nodes superseded, bytes of
 * a prefix proof; alone and in a batch of 256. Per log2 of the size they must not grow.
 */
const SIZES = [1_000, 100_000, 1_000_000];
const BATCH = 256;
const ROUNDS = 1_000;

let read = 0;
const store = new MemoryNodeStore();
const counting: NodeReader = {
  read(ids: readonly number[]): Promise<MapNode[]> {
    read += ids.length;
    return store.read(ids);
  },
};

function pair(number: number): Pair {
  const entry = utf8Encode(`entry ${number}`);
  // About four entries a lookup key, as a release and its observations are.
  return { key: mapKey(sha256(utf8Encode(`lookup ${number >> 2}`)), BigInt(number)), value: hashLeaf(entry) };
}

let state = EMPTY_MAP;
/** Adds `count` pairs; returns what it cost. */
async function grow(count: number): Promise<{ read: number; made: number; superseded: number; milliseconds: number }> {
  const pairs = Array.from({ length: count }, (_, i) => pair(state.size + i));
  const [before, began] = [read, performance.now()];
  const change = await addPairs(counting, state, pairs);
  const milliseconds = performance.now() - began;
  store.apply(change);
  store.prune(change.superseded);
  state = change.state;
  return { read: read - before, made: change.nodes.size, superseded: change.superseded.length, milliseconds };
}

async function mean(rounds: number, width: number): Promise<{ read: number; made: number; superseded: number; microseconds: number }> {
  const sum = { read: 0, made: 0, superseded: 0, milliseconds: 0 };
  for (let i = 0; i < rounds; i++) {
    const cost = await grow(width);
    for (const name of ['read', 'made', 'superseded', 'milliseconds'] as const) sum[name] += cost[name];
  }
  const pairs = rounds * width;
  return {
    read: sum.read / pairs,
    made: sum.made / pairs,
    superseded: sum.superseded / pairs,
    microseconds: (1000 * sum.milliseconds) / pairs,
  };
}

const rows = [];
for (const size of SIZES) {
  while (state.size < size) await grow(Math.min(10_000, size - state.size));
  const one = await mean(ROUNDS, 1);
  const batched = await mean(4, BATCH);
  let bytes = 0;
  for (let i = 0; i < ROUNDS; i++) {
    const lookup = pair((i * 7919) % size).key.slice(0, 32);
    const { pairs, proof } = await provePrefix(store, state, lookup);
    if (!verifyPrefix(rootOf(state), lookup, pairs, proof)) throw new Error('a proof of our own does not verify');
    bytes += proof.length / ROUNDS;
  }
  const log2 = Math.log2(size);
  rows.push({
    pairs: size,
    log2: log2.toFixed(1),
    'read / update': one.read.toFixed(1),
    'made / update': one.made.toFixed(1),
    'superseded / update': one.superseded.toFixed(1),
    'read per log2': (one.read / log2).toFixed(2),
    'made per log2': (one.made / log2).toFixed(2),
    'µs / update': one.microseconds.toFixed(0),
    [`read / update in ${BATCH}`]: batched.read.toFixed(1),
    [`made / update in ${BATCH}`]: batched.made.toFixed(1),
    [`µs / update in ${BATCH}`]: batched.microseconds.toFixed(0),
    'prefix proof bytes': bytes.toFixed(0),
  });
}
table(rows);
