/** A map that grows in several steps, with a root after each, and is kept in one. */
import { addPairsSync, type MapChange, type MapNode, type MapState, type Pair, rootOf, type SyncNodeReader } from '@verbatim/index-map';
import type { Hash } from '@verbatim/tlog';

export class GrowingMap implements SyncNodeReader {
  readonly #base: SyncNodeReader;
  /** Nodes below this number are the store's. */
  readonly #firstNew: number;
  readonly #nodes = new Map<number, MapNode>();
  readonly #superseded: number[] = [];
  #state: MapState;
  #pending: Pair[] = [];

  constructor(base: SyncNodeReader, state: MapState) {
    this.#base = base;
    this.#state = state;
    this.#firstNew = state.nextId;
  }

  add(pairs: readonly Pair[]): void {
    this.#pending.push(...pairs);
  }

  /** Over everything added so far. */
  root(): Hash {
    this.#settle();
    return rootOf(this.#state);
  }

  /** What is different from the store; null when nothing was added. */
  change(): MapChange | null {
    this.#settle();
    if (this.#state.nextId === this.#firstNew) return null;
    return { state: this.#state, nodes: this.#nodes, superseded: this.#superseded };
  }

  readSync(ids: readonly number[]): readonly MapNode[] {
    const stored = this.#base.readSync(ids.filter((id) => id < this.#firstNew)).values();
    return ids.map((id) => (id < this.#firstNew ? stored.next().value! : this.#nodes.get(id)!));
  }

  #settle(): void {
    if (this.#pending.length === 0) return;
    const { state, nodes, superseded } = addPairsSync(this, this.#state, this.#pending);
    this.#pending = [];
    this.#state = state;
    for (const [id, node] of nodes) this.#nodes.set(id, node);
    for (const id of superseded) {
      if (id < this.#firstNew) this.#superseded.push(id);
      else this.#nodes.delete(id);
    }
  }
}
