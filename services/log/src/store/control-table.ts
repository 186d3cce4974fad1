import type { ControlPredicate } from '@verbatim/statements';
import type { Database, Statement } from 'better-sqlite3';
import { afterControl, type ControlState, type FirstKeys, firstState, officeKeys } from '../admission/control-state.ts';

/**
 * The log's own control entries, in their table, and in memory what they come to. Both change inside the sequencing transaction; should that
 * fail, the process stops (DESIGN §3.6), so memory never outlives a rolled-back change.
 */
export class ControlTable {
  readonly #insert: Statement;
  readonly #said: Statement<[bigint], { predicate: string }>;
  /** Keys of the predecessor, if there is one, by hex of the public key. */
  readonly #inherited: ReadonlyMap<string, string>;
  #state: ControlState;
  #keys: ReadonlyMap<string, string>;

  /** @param keys that this log began with */
  constructor(db: Database, keys: FirstKeys) {
    this.#insert = db.prepare('INSERT INTO control (idx, predicate) VALUES (?, ?)');
    this.#said = db.prepare('SELECT predicate FROM control WHERE idx = ?');
    this.#inherited = new Map(
      db
        .prepare<[], { public_key: string; use: string }>('SELECT public_key, use FROM retired_keys')
        .all()
        .map((row) => [row.public_key, row.use]),
    );
    this.#state = firstState(keys);
    for (const { idx, predicate } of db.prepare<[], { idx: number; predicate: string }>('SELECT * FROM control ORDER BY idx').all()) {
      // Written by us, from a statement that was decoded.
      this.#state = afterControl(this.#state, BigInt(idx), JSON.parse(predicate) as ControlPredicate);
    }
    this.#keys = officeKeys(this.#state);
  }

  get state(): ControlState {
    return this.#state;
  }

  /** What the control entry at an index says. Throws when there is none. */
  said(index: bigint): ControlPredicate {
    // Written by us, from a statement that was decoded.
    return JSON.parse(this.#said.get(index)!.predicate) as ControlPredicate;
  }

  /** What a public key (hex) serves as, or did before: nothing else may be done with it. */
  use(publicKey: string): string | null {
    return this.#keys.get(publicKey) ?? this.#inherited.get(publicKey) ?? null;
  }

  apply(index: bigint, predicate: ControlPredicate): void {
    this.#insert.run(index, JSON.stringify(predicate));
    this.#state = afterControl(this.#state, index, predicate);
    this.#keys = officeKeys(this.#state);
  }
}
