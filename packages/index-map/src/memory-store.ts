/** Nodes in memory: for an audit, which builds a map and throws it away. */
import type { MapChange } from './grow.ts';
import { IndexMapError } from './errors.ts';
import type { MapNode, NodeReader, SyncNodeReader } from './node.ts';

export class MemoryNodeStore implements NodeReader, SyncNodeReader {
  readonly #nodes = new Map<number, MapNode>();

  get count(): number {
    return this.#nodes.size;
  }

  read(ids: readonly number[]): Promise<MapNode[]> {
    return Promise.resolve(this.readSync(ids));
  }

  readSync(ids: readonly number[]): MapNode[] {
    return ids.map((id) => this.#get(id));
  }

  /** Keeps what a batch has made. Older states can still be read. */
  apply({ nodes }: Pick<MapChange, 'nodes'>): void {
    for (const [id, node] of nodes) this.#nodes.set(id, node);
  }

  /** Forgets the states before the one that `superseded` came with. */
  prune(superseded: readonly number[]): void {
    for (const id of superseded) this.#nodes.delete(id);
  }

  #get(id: number): MapNode {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new IndexMapError('malformed-node', `expected node ${id}, found none`);
    return node;
  }
}
