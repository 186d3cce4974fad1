/** A store of encoded nodes, as a table of a database would hold them. */
import { decodeMapNode, encodeMapNode, type MapNode, type NodeReader } from './index.ts';

export class ByteNodeStore implements NodeReader {
  readonly rows = new Map<number, Uint8Array>();

  read(ids: readonly number[]): Promise<MapNode[]> {
    return Promise.resolve(ids.map((id) => decodeMapNode(this.rows.get(id) ?? new Uint8Array(0))));
  }

  apply({ nodes }: { nodes: ReadonlyMap<number, MapNode> }): void {
    for (const [id, node] of nodes) this.rows.set(id, encodeMapNode(node));
  }
}
