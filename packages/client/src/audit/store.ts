/** Where an audit keeps the map that it rebuilds, and how far it is. */
import { EMPTY_MAP, type MapChange, type MapNode, MemoryNodeStore, type MapState, type SyncNodeReader } from '@verbatim/index-map';

export interface AuditStore extends SyncNodeReader {
  /** As kept by the last `commit`; null before the first. `state` is the auditor's own text. */
  load(): { readonly map: MapState; readonly state: string } | null;
  /**
   * Keeps both in one transaction, durably.
   * @param size entries that the map covers
   * @param change of the map since the last commit; null when nothing was added
   */
  commit(size: bigint, change: MapChange | null, state: string): void;
}

/** Keeps nothing beyond this process: some 700 bytes of memory for each pair of the index. */
export class MemoryAuditStore implements AuditStore {
  readonly #nodes = new MemoryNodeStore();
  #kept: { map: MapState; state: string } | null = null;

  load(): { readonly map: MapState; readonly state: string } | null {
    return this.#kept;
  }

  readSync(ids: readonly number[]): readonly MapNode[] {
    return this.#nodes.readSync(ids);
  }

  commit(_size: bigint, change: MapChange | null, state: string): void {
    if (change !== null) {
      this.#nodes.apply(change);
      this.#nodes.prune(change.superseded);
    }
    this.#kept = { map: change?.state ?? this.#kept?.map ?? EMPTY_MAP, state };
  }
}
