/** Making proofs: docs/spec/index-map.md §4. Each reads the nodes on its path; a prefix, those of its subtree too. */
import { bytesEqual } from '@verbatim/tlog';
import { IndexMapError } from './errors.ts';
import type { Pair } from './hashing.ts';
import { checkKey, hasPrefix } from './key-bits.ts';
import { loadPaths, pathTo, readNodes, type Turn } from './load.ts';
import type { MapState, NodeReader, NodeRef, SyncNodeReader } from './node.ts';
import { encodePathProof, encodeSteps, type Step } from './proof.ts';
import { readAll, readAllSync, type Reading } from './reading.ts';
import { MAX_PREFIX_PAIRS } from './verify.ts';

export interface KeyProof {
  /** Null when the map holds nothing under the key. */
  readonly value: Uint8Array | null;
  readonly proof: Uint8Array;
}

export interface PrefixProof {
  /** In the map's order. */
  readonly pairs: Pair[];
  readonly proof: Uint8Array;
}

/** The value under `key`, or null, and the proof of presence or absence. Throws `out-of-range` for a key that is too long. */
export function proveKey(reader: NodeReader, state: MapState, key: Uint8Array): Promise<KeyProof> {
  return readAll(reader, keyProof(state, key));
}

function* keyProof(state: MapState, key: Uint8Array): Reading<KeyProof> {
  checkKey(key);
  const path = pathTo(yield* loadPaths(state, [key]), state, key);
  if (path === null) return { value: null, proof: new Uint8Array(0) };
  const { turns, leaf } = path;
  return bytesEqual(leaf.key, key)
    ? { value: leaf.value.slice(), proof: encodeSteps(stepsUp(turns)) }
    : { value: null, proof: encodePathProof(leaf, stepsUp(turns)) };
}

/**
 * All pairs whose keys begin with `prefix` and the proof that they are all.
 * Throws `too-many-pairs` beyond `limit`, `out-of-range` for a prefix that is longer than a key may be.
 */
export function provePrefix(
  reader: NodeReader,
  state: MapState,
  prefix: Uint8Array,
  limit: number = MAX_PREFIX_PAIRS,
): Promise<PrefixProof> {
  return readAll(reader, prefixProof(state, prefix, limit));
}

/** `provePrefix` from a store that answers at once. */
export function provePrefixSync(
  reader: SyncNodeReader,
  state: MapState,
  prefix: Uint8Array,
  limit: number = MAX_PREFIX_PAIRS,
): PrefixProof {
  return readAllSync(reader, prefixProof(state, prefix, limit));
}

function* prefixProof(state: MapState, prefix: Uint8Array, limit: number): Reading<PrefixProof> {
  checkKey(prefix);
  const path = pathTo(yield* loadPaths(state, [prefix]), state, prefix);
  if (path === null) return { pairs: [], proof: new Uint8Array(0) };
  const { turns, leaf } = path;
  if (!hasPrefix(leaf.key, prefix)) return { pairs: [], proof: encodePathProof(leaf, stepsUp(turns)) };
  // Bits rise on the way down; the subtree begins below the last one that the prefix decides.
  const above = turns.filter(({ bit }) => bit < 8 * prefix.length);
  const subtree = above.at(-1)?.child ?? state.top!;
  return { pairs: yield* readSubtree(subtree, limit), proof: encodeSteps(stepsUp(above)) };
}

function stepsUp(turns: readonly Turn[]): Step[] {
  return turns.map(({ bit, sibling }) => ({ bit, sibling: sibling.hash })).reverse();
}

/** The pairs below `top` from left to right, a level a request. */
function* readSubtree(top: NodeRef, limit: number): Reading<Pair[]> {
  let level: (NodeRef | Pair)[] = [top];
  for (;;) {
    if (level.length > limit) {
      throw new IndexMapError('too-many-pairs', `expected at most ${limit} pairs below the prefix; ask with a longer one`);
    }
    const refs = level.filter((item) => 'id' in item);
    if (refs.length === 0) return level as Pair[];
    const nodes = yield* readNodes(refs);
    let i = 0;
    level = level.flatMap((item): (NodeRef | Pair)[] => {
      if (!('id' in item)) return [item];
      const node = nodes[i++]!;
      if (node.kind === 'leaf') return [{ key: node.key.slice(), value: node.value.slice() }];
      return [node.left, node.right];
    });
  }
}
