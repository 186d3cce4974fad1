/** The nodes of a stored map, and how a store may keep them as bytes. docs/adr/0005-the-index-is-one-map.md says why they are numbered. */
import { EMPTY_ROOT, concatBytes, type Hash } from '@verbatim/tlog';
import { IndexMapError } from './errors.ts';
import { INNER, LEAF, encodePair, hashInner, hashPair, type Pair } from './hashing.ts';
import { MAX_BIT, MAX_KEY_BYTES, MAX_VALUE_BYTES } from './key-bits.ts';
import { ByteReader, encodeVarint } from './varint.ts';

/** A node and the hash of everything below it: a proof reads the nodes on its path and none beside it. */
export interface NodeRef {
  /** 1, 2, … in the order in which nodes were made; never used again. */
  readonly id: number;
  readonly hash: Hash;
}

export interface LeafNode extends Pair {
  readonly kind: 'leaf';
}

export interface InnerNode {
  readonly kind: 'inner';
  /** Where the keys below first differ; larger than its parent's. */
  readonly bit: number;
  readonly left: NodeRef;
  readonly right: NodeRef;
}

/** Never modified once made. */
export type MapNode = LeafNode | InnerNode;

/** The map at one moment: all that must be remembered beside the nodes. */
export interface MapState {
  /** Null for the empty map. */
  readonly top: NodeRef | null;
  /** Number of pairs. */
  readonly size: number;
  /** The number that the next node gets. */
  readonly nextId: number;
}

export const EMPTY_MAP: MapState = { top: null, size: 0, nextId: 1 };

/** The map's root hash: `EMPTY_ROOT` for the empty map. */
export function rootOf(state: MapState): Hash {
  return state.top?.hash ?? EMPTY_ROOT;
}

/** Where nodes are read from: memory, a table, a file. */
export interface NodeReader {
  /** The nodes with these numbers, in this order. Rejects when one is missing. */
  read(ids: readonly number[]): Promise<readonly MapNode[]>;
}

/** The same at once. */
export interface SyncNodeReader {
  /** Throws when one is missing. */
  readSync(ids: readonly number[]): readonly MapNode[];
}

/** Nodes never change, and a store that keeps them in memory gives the same ones again: each is hashed once. */
class Leaf implements LeafNode {
  readonly kind = 'leaf';
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  #hash: Hash | null = null;

  constructor(key: Uint8Array, value: Uint8Array) {
    this.key = key;
    this.value = value;
  }

  static hash(leaf: Leaf): Hash {
    return (leaf.#hash ??= hashPair(leaf));
  }
}

class Inner implements InnerNode {
  readonly kind = 'inner';
  readonly bit: number;
  readonly left: NodeRef;
  readonly right: NodeRef;
  #hash: Hash | null = null;

  constructor(bit: number, left: NodeRef, right: NodeRef) {
    this.bit = bit;
    this.left = left;
    this.right = right;
  }

  static hash(inner: Inner): Hash {
    return (inner.#hash ??= hashInner(inner.bit, inner.left.hash, inner.right.hash));
  }
}

export function leafNode(key: Uint8Array, value: Uint8Array): LeafNode {
  return new Leaf(key, value);
}

export function innerNode(bit: number, left: NodeRef, right: NodeRef): InnerNode {
  return new Inner(bit, left, right);
}

export function hashMapNode(node: MapNode): Hash {
  if (node instanceof Inner) return Inner.hash(node);
  if (node instanceof Leaf) return Leaf.hash(node);
  return node.kind === 'leaf' ? hashPair(node) : hashInner(node.bit, node.left.hash, node.right.hash);
}

/** 0x00 ‖ pair, or 0x01 ‖ bit ‖ left number ‖ left hash ‖ right number ‖ right hash. */
export function encodeMapNode(node: MapNode): Uint8Array {
  if (node.kind === 'leaf') return encodePair(node, LEAF);
  const { bit, left, right } = node;
  return concatBytes(Uint8Array.of(INNER), encodeVarint(bit), encodeVarint(left.id), left.hash, encodeVarint(right.id), right.hash);
}

/** Strict. Throws `malformed-node`. */
export function decodeMapNode(bytes: Uint8Array): MapNode {
  const reader = new ByteReader(bytes, 'malformed-node');
  const [kind] = reader.bytes(1, 'the kind of a node');
  let node: MapNode;
  if (kind === LEAF) {
    node = leafNode(reader.prefixed(MAX_KEY_BYTES, 'a key'), reader.prefixed(MAX_VALUE_BYTES, 'a value'));
  } else if (kind === INNER) {
    node = innerNode(reader.varint(MAX_BIT, 'a bit'), readRef(reader), readRef(reader));
  } else {
    throw new IndexMapError('malformed-node', `expected 0x00 or 0x01 for the kind of a node, found ${kind}`);
  }
  reader.end();
  return node;
}

function readRef(reader: ByteReader): NodeRef {
  return { id: reader.varint(Number.MAX_SAFE_INTEGER, 'a node’s number'), hash: reader.hash('a node’s hash') };
}
