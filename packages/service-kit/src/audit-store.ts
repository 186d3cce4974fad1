/** The store of an index auditor in SQLite: the map's nodes, and how far it is. */
import type { MapChange, MapNode, MapState } from '@verbatim/index-map';
import { openDatabase, type OwnedDatabase } from './database.ts';
import { INDEX_SCHEMA, IndexStore } from './index-store.ts';

const migrations = [
  `${INDEX_SCHEMA}
   CREATE TABLE audit (
     one INTEGER PRIMARY KEY CHECK (one = 1),
     state TEXT NOT NULL
   ) STRICT;`,
];

/** One log's. Lost, it costs a new audit and nothing else. */
export class SqliteAuditStore implements Disposable {
  readonly #db: OwnedDatabase;
  readonly #index: IndexStore;
  readonly #keep: (size: bigint, change: MapChange | null, state: string) => void;

  private constructor(db: OwnedDatabase) {
    this.#db = db;
    this.#index = new IndexStore(db);
    const write = db.prepare('INSERT INTO audit VALUES (1, ?) ON CONFLICT DO UPDATE SET state = excluded.state');
    this.#keep = db.transaction((size: bigint, change: MapChange | null, state: string) => {
      if (change !== null) {
        this.#index.apply(size, change);
        this.#index.prune(size);
        this.#index.write();
      }
      write.run(state);
    });
  }

  /** Makes it when there is none. Throws DatabaseError. */
  static open(path: string): SqliteAuditStore {
    return new SqliteAuditStore(openDatabase(path, { migrations, create: true }));
  }

  load(): { readonly map: MapState; readonly state: string } | null {
    const state = this.#db.prepare<[], string>('SELECT state FROM audit').pluck().get();
    return state === undefined ? null : { map: this.#index.newest().map, state };
  }

  readSync(ids: readonly number[]): readonly MapNode[] {
    return this.#index.readSync(ids);
  }

  /** In one transaction, durable when it returns. Throws SqliteError; then nothing was changed, and this object must not be used any more. */
  commit(size: bigint, change: MapChange | null, state: string): void {
    this.#keep(size, change, state);
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}
