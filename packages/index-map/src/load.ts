/** Reading the nodes that keys lead to, level by level: one request a level, however many keys there are. */
import { IndexMapError } from './errors.ts';
import { keyBit } from './key-bits.ts';
import type { LeafNode, MapNode, MapState, NodeReader, NodeRef } from './node.ts';

/** Nodes by number. */
export type Loaded = ReadonlyMap<number, MapNode>;

/** Every node from the top to the leaf at which the look-up of each key ends. */
export async function loadPaths(reader: NodeReader, state: MapState, keys: readonly Uint8Array[]): Promise<Loaded> {
  const loaded = new Map<number, MapNode>();
  let level = new Map<number, readonly Uint8Array[]>();
  if (state.top !== null && keys.length > 0) level.set(state.top.id, keys);
  while (level.size > 0) {
    const nodes = await readNodes(reader, [...level.keys()]);
    const next = new Map<number, readonly Uint8Array[]>();
    let i = 0;
    for (const [id, below] of level) {
      const node = nodes[i++]!;
      loaded.set(id, node);
      if (node.kind === 'leaf') continue;
      const { bit, left, right } = node;
      checkBelow(id, node);
      for (const side of [0, 1] as const) {
        const keysOfSide = below.filter((key) => keyBit(key, bit) === side);
        if (keysOfSide.length > 0) next.set((side === 0 ? left : right).id, keysOfSide);
      }
    }
    level = next;
  }
  return loaded;
}

/** The nodes with these numbers. Throws `malformed-node` when the store returns another count. */
export async function readNodes(reader: NodeReader, ids: readonly number[]): Promise<readonly MapNode[]> {
  const nodes = await reader.read(ids);
  if (nodes.length !== ids.length) throw new IndexMapError('malformed-node', `expected ${ids.length} nodes, found ${nodes.length}`);
  return nodes;
}

/** Children are made before their parents: on a damaged store too, every way down ends. */
export function checkBelow(id: number, { left, right }: { left: NodeRef; right: NodeRef }): void {
  if (left.id < id && right.id < id) return;
  throw new IndexMapError('malformed-node', `expected the children of node ${id} to have lower numbers, found ${left.id} and ${right.id}`);
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
