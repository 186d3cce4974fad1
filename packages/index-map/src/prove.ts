/** Making proofs: docs/spec/index-map.md §4. Each reads the nodes on its path; a prefix, those of its subtree too. */
import { bytesEqual } from '@verbatim/tlog';
import { IndexMapError } from './errors.ts';
import type { Pair } from './hashing.ts';
import { checkKey, hasPrefix } from './key-bits.ts';
import { loadPaths, pathTo, readNodes, type Turn } from './load.ts';
import type { MapState, NodeReader, NodeRef } from './node.ts';
import { encodePathProof, encodeSteps, type Step } from './proof.ts';
import { MAX_PREFIX_PAIRS } from './verify.ts';

/** The value under `key`, or null, and the proof of presence or absence. Throws `out-of-range` for a key that is too long. */
export async function proveKey(
  reader: NodeReader,
  state: MapState,
  key: Uint8Array,
): Promise<{ value: Uint8Array | null; proof: Uint8Array }> {
  checkKey(key);
  const path = pathTo(await loadPaths(reader, state, [key]), state, key);
  if (path === null) return { value: null, proof: new Uint8Array(0) };
  const { turns, leaf } = path;
  return bytesEqual(leaf.key, key)
    ? { value: leaf.value.slice(), proof: encodeSteps(stepsUp(turns)) }
    : { value: null, proof: encodePathProof(leaf, stepsUp(turns)) };
}

/**
 * All pairs whose keys begin with `prefix`, in the map's order, and the proof that they are all.
 * Throws `too-many-pairs` beyond `limit`, `out-of-range` for a prefix that is longer than a key may be.
 */
export async function provePrefix(
  reader: NodeReader,
  state: MapState,
  prefix: Uint8Array,
  limit: number = MAX_PREFIX_PAIRS,
): Promise<{ pairs: Pair[]; proof: Uint8Array }> {
  checkKey(prefix);
  const path = pathTo(await loadPaths(reader, state, [prefix]), state, prefix);
  if (path === null) return { pairs: [], proof: new Uint8Array(0) };
  const { turns, leaf } = path;
  if (!hasPrefix(leaf.key, prefix)) return { pairs: [], proof: encodePathProof(leaf, stepsUp(turns)) };
  // Bits rise on the way down; the subtree begins below the last one that the prefix decides.
  const above = turns.filter(({ bit }) => bit < 8 * prefix.length);
  const subtree = above.at(-1)?.child ?? state.top!;
  return { pairs: await readSubtree(reader, subtree, limit), proof: encodeSteps(stepsUp(above)) };
}

function stepsUp(turns: readonly Turn[]): Step[] {
  return turns.map(({ bit, sibling }) => ({ bit, sibling: sibling.hash })).reverse();
}

/** The pairs below `top` from left to right, a level a request. */
async function readSubtree(reader: NodeReader, top: NodeRef, limit: number): Promise<Pair[]> {
  let level: (NodeRef | Pair)[] = [top];
  for (;;) {
    if (level.length > limit) {
      throw new IndexMapError('too-many-pairs', `expected at most ${limit} pairs below the prefix; ask with a longer one`);
    }
    const refs = level.filter((item) => 'id' in item);
    if (refs.length === 0) return level as Pair[];
    const nodes = await readNodes(reader, refs);
    let i = 0;
    level = level.flatMap((item): (NodeRef | Pair)[] => {
      if (!('id' in item)) return [item];
      const node = nodes[i++]!;
      if (node.kind === 'leaf') return [{ key: node.key.slice(), value: node.value.slice() }];
      return [node.left, node.right];
    });
  }
}
