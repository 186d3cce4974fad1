/** Reading the nodes that keys lead to, level by level: one request a level, however many keys there are. */
import { bytesEqual, toHex } from '@verbatim/tlog';
import { IndexMapError } from './errors.ts';
import { keyBit } from './key-bits.ts';
import { hashMapNode, type LeafNode, type MapNode, type MapState, type NodeRef } from './node.ts';
import type { Reading } from './reading.ts';

/** Nodes by number. */
export type Loaded = ReadonlyMap<number, MapNode>;

/** Every node from the top to the leaf at which the look-up of each key ends. */
export function* loadPaths(state: MapState, keys: readonly Uint8Array[]): Reading<Loaded> {
  const loaded = new Map<number, MapNode>();
  let level: { ref: NodeRef; keys: readonly Uint8Array[] }[] = [];
  if (state.top !== null && keys.length > 0) level = [{ ref: state.top, keys }];
  while (level.length > 0) {
    const nodes = yield* readNodes(level.map(({ ref }) => ref));
    const next: typeof level = [];
    for (const [i, { ref, keys: below }] of level.entries()) {
      const node = nodes[i]!;
      loaded.set(ref.id, node);
      if (node.kind === 'leaf') continue;
      const sides: [Uint8Array[], Uint8Array[]] = [[], []];
      for (const key of below) sides[keyBit(key, node.bit)].push(key);
      if (sides[0].length > 0) next.push({ ref: node.left, keys: sides[0] });
      if (sides[1].length > 0) next.push({ ref: node.right, keys: sides[1] });
    }
    level = next;
  }
  return loaded;
}

/**
 * The nodes that these mean, each held against the hash that its parent keeps: a damaged row never gets into a root, and every way
 * down ends. Throws `malformed-node`.
 */
export function* readNodes(refs: readonly NodeRef[]): Reading<readonly MapNode[]> {
  const nodes = yield refs.map(({ id }) => id);
  if (nodes.length !== refs.length) throw new IndexMapError('malformed-node', `expected ${refs.length} nodes, found ${nodes.length}`);
  for (const [i, { id, hash }] of refs.entries()) {
    if (bytesEqual(hashMapNode(nodes[i]!), hash)) continue;
    throw new IndexMapError(
      'malformed-node',
      `expected node ${id} to have the hash ${toHex(hash)}, found another: restore the store or rebuild the map`,
    );
  }
  return nodes;
}

/** The node that `ref` means. It is among the loaded ones if its path was asked for. */
export function loadedNode(loaded: Loaded, ref: NodeRef): MapNode {
  const node = loaded.get(ref.id);
  if (node === undefined) throw new IndexMapError('malformed-node', `expected node ${ref.id} to be read already`);
  return node;
}

/** One inner node on a way down. */
export interface Turn {
  readonly bit: number;
  readonly child: NodeRef;
  readonly sibling: NodeRef;
}

/** From the top to the leaf at which the look-up of `key` ends. Null in the empty map. */
export function pathTo(loaded: Loaded, state: MapState, key: Uint8Array): { turns: Turn[]; leaf: LeafNode } | null {
  if (state.top === null) return null;
  const turns: Turn[] = [];
  let node = loadedNode(loaded, state.top);
  while (node.kind === 'inner') {
    const { bit, left, right } = node;
    const [child, sibling] = keyBit(key, bit) === 0 ? [left, right] : [right, left];
    turns.push({ bit, child, sibling });
    node = loadedNode(loaded, child);
  }
  return { turns, leaf: node };
}
