/** The map as docs/spec/index-map.md §2 and §3 define it: recursion over bits, without sorting or sharing. The tests' reference. */
import { createHash } from 'node:crypto';
import { EMPTY_MAP, addPairs, type MapNode, type MapState, type NodeReader, type Pair } from './index.ts';

/** Root of the set, and of every subtree: an inner node where the keys below first differ. */
export function naiveRoot(pairs: readonly Pair[], bit = 0): Uint8Array {
  if (pairs.length === 0) return digest([]);
  if (pairs.length === 1) {
    const [{ key, value }] = pairs as [Pair];
    return digest([0x00, ...varint(key.length), ...key, ...varint(value.length), ...value]);
  }
  const [left, right] = [0, 1].map((side) => pairs.filter(({ key }) => readBit(key, bit) === side)) as [Pair[], Pair[]];
  if (left.length === 0 || right.length === 0) return naiveRoot(pairs, bit + 1);
  return digest([0x01, ...varint(bit), ...naiveRoot(left, bit + 1), ...naiveRoot(right, bit + 1)]);
}

/** Bit of the key followed by 0x00 and then 0xFF without end. */
export function readBit(key: Uint8Array, bit: number): number {
  const at = Math.floor(bit / 8);
  const byte = at < key.length ? key[at]! : at === key.length ? 0x00 : 0xff;
  return Math.floor(byte / 2 ** (7 - (bit % 8))) % 2;
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [128 + (value % 128), ...varint(Math.floor(value / 128))];
}

function digest(bytes: number[]): Uint8Array {
  return new Uint8Array(createHash('sha256').update(Uint8Array.from(bytes)).digest());
}

/** A store that counts what is read from it. */
export class CountingReader implements NodeReader {
  nodes = 0;
  requests = 0;
  readonly #reader: NodeReader;

  constructor(reader: NodeReader) {
    this.#reader = reader;
  }

  read(ids: readonly number[]): Promise<readonly MapNode[]> {
    this.nodes += ids.length;
    this.requests += 1;
    return this.#reader.read(ids);
  }
}

/** A map of these pairs in a store, added in batches of `width`. */
export async function build<Store extends NodeReader & { apply(change: { nodes: ReadonlyMap<number, MapNode> }): void }>(
  store: Store,
  pairs: readonly Pair[],
  width: number = pairs.length,
): Promise<{ store: Store; state: MapState }> {
  let state = EMPTY_MAP;
  for (let i = 0; i < pairs.length; i += width) {
    const change = await addPairs(store, state, pairs.slice(i, i + width));
    store.apply(change);
    state = change.state;
  }
  return { store, state };
}
