/** A map with more pairs in it. It reads and makes only the nodes on the new keys' paths; all others are shared with the map before. */
import { bytesEqual } from '@verbatim/tlog';
import { IndexMapError } from './errors.ts';
import type { Pair } from './hashing.ts';
import { checkKey, checkValue, firstDifference, keyBit } from './key-bits.ts';
import { loadPaths, loadedNode, type Loaded } from './load.ts';
import {
  hashMapNode,
  innerNode,
  leafNode,
  type LeafNode,
  type MapNode,
  type MapState,
  type NodeReader,
  type NodeRef,
  type SyncNodeReader,
} from './node.ts';
import { readAll, readAllSync, type Reading } from './reading.ts';

/** What a batch changes. To keep it, write `nodes` and `state` in one transaction. */
export interface MapChange {
  readonly state: MapState;
  /** New nodes by number, children before parents. The same batch on the same state makes the same ones again. */
  readonly nodes: ReadonlyMap<number, MapNode>;
  /** Nodes of the state before that the new one does without: delete them when no state before this one is served any more. */
  readonly superseded: readonly number[];
}

/** A subtree while a batch is applied: stored, or made by this batch. */
type Draft = NodeRef | LeafNode | Fork;

interface Fork {
  readonly kind: 'fork';
  readonly bit: number;
  readonly children: [Draft, Draft];
}

/**
 * Adds pairs. One that the map holds already changes nothing, so a batch may be repeated. Throws `key-taken` for a key with
 * another value, `out-of-range` for a key or value that is too long; then nothing is changed.
 *
 * @example
 * const change = await addPairs(store, state, pairs);
 * store.apply(change);
 * state = change.state;
 */
export function addPairs(reader: NodeReader, state: MapState, pairs: readonly Pair[]): Promise<MapChange> {
  return readAll(reader, grow(state, pairs));
}

/** `addPairs` with a store that answers at once, inside a transaction of a database for one. */
export function addPairsSync(reader: SyncNodeReader, state: MapState, pairs: readonly Pair[]): MapChange {
  return readAllSync(reader, grow(state, pairs));
}

function* grow(state: MapState, pairs: readonly Pair[]): Reading<MapChange> {
  for (const { key, value } of pairs) {
    checkKey(key);
    checkValue(value);
  }
  const keys = pairs.map(({ key }) => key);
  const batch = new Batch(state, yield* loadPaths(state, keys));
  for (const pair of pairs) batch.add(pair);
  return batch.finish();
}

class Batch {
  readonly #loaded: Loaded;
  readonly #nodes = new Map<number, MapNode>();
  readonly #superseded: number[] = [];
  #top: Draft | null;
  #size: number;
  #nextId: number;

  constructor(state: MapState, loaded: Loaded) {
    this.#loaded = loaded;
    this.#top = state.top;
    this.#size = state.size;
    this.#nextId = state.nextId;
  }

  add(pair: Pair): void {
    // Copies: the caller's bytes may change. Not by slice(), which for a Buffer makes none.
    const leaf = leafNode(new Uint8Array(pair.key), new Uint8Array(pair.value));
    if (this.#top === null) {
      this.#top = leaf;
    } else {
      const nearest = this.#leafAt(leaf.key);
      const bit = firstDifference(nearest.key, leaf.key);
      if (bit === null) {
        if (bytesEqual(nearest.value, leaf.value)) return;
        throw new IndexMapError('key-taken', 'expected a new key or the value that the map holds, found another value');
      }
      this.#top = this.#insert(this.#top, leaf, bit);
    }
    this.#size += 1;
  }

  finish(): MapChange {
    const top = this.#top === null ? null : this.#seal(this.#top);
    return { state: { top, size: this.#size, nextId: this.#nextId }, nodes: this.#nodes, superseded: this.#superseded };
  }

  /** The leaf at which the look-up of `key` ends. Every stored node on this way was loaded: new nodes only lengthen it. */
  #leafAt(key: Uint8Array): LeafNode {
    let draft = this.#top!;
    for (;;) {
      const node = this.#peek(draft);
      if (node.kind === 'leaf') return node;
      const side = keyBit(key, node.bit);
      draft = node.kind === 'fork' ? node.children[side] : side === 0 ? node.left : node.right;
    }
  }

  /** `leaf` goes above the first node on its way whose keys agree beyond `bit`. */
  #insert(top: Draft, leaf: LeafNode, bit: number): Draft {
    let parent: { children: Fork['children']; side: 0 | 1 } | null = null;
    let draft = top;
    let newTop = top;
    for (;;) {
      const node = this.#peek(draft);
      if (node.kind === 'leaf' || node.bit > bit) break;
      const open: Fork = node.kind === 'fork' ? node : this.#open(draft as NodeRef, node.bit, [node.left, node.right]);
      if (parent === null) newTop = open;
      else parent.children[parent.side] = open;
      parent = { children: open.children, side: keyBit(leaf.key, open.bit) };
      draft = open.children[parent.side];
    }
    const children: Fork['children'] = keyBit(leaf.key, bit) === 0 ? [leaf, draft] : [draft, leaf];
    const fork: Fork = { kind: 'fork', bit, children };
    if (parent === null) return fork;
    parent.children[parent.side] = fork;
    return newTop;
  }

  #open({ id }: NodeRef, bit: number, children: Fork['children']): Fork {
    this.#superseded.push(id);
    return { kind: 'fork', bit, children };
  }

  #peek(draft: Draft): Fork | MapNode {
    return 'kind' in draft ? draft : loadedNode(this.#loaded, draft);
  }

  /** Numbers and hashes what this batch has made. The depth is bounded by MAX_BIT. */
  #seal(draft: Draft): NodeRef {
    if (!('kind' in draft)) return draft;
    const node: MapNode =
      draft.kind === 'leaf' ? draft : innerNode(draft.bit, this.#seal(draft.children[0]), this.#seal(draft.children[1]));
    const ref = { id: this.#nextId++, hash: hashMapNode(node) };
    this.#nodes.set(ref.id, node);
    return ref;
  }
}
