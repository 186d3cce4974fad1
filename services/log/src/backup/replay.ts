import { hash } from 'node:crypto';
import type { OwnedDatabase } from '@verbatim/service-kit';
import { type ControlAction, decodeEntry, decodeEnvelope, decodeStatement, PREDICATE, type Statement } from '@verbatim/statements';
import type { Candidate } from '../admission/candidate.ts';
import { writeIdentity } from '../engine/identity.ts';
import { checkIndex } from '../engine/restore-index.ts';
import { ControlTable } from '../store/control-table.ts';
import { EntryStore } from '../store/entries.ts';
import { leafHashOf, Ledger } from '../store/ledger.ts';
import { LogIndex } from '../store/log-index.ts';
import { BackupError } from './backup-error.ts';

export interface ReplayOptions {
  readonly origin: string;
  /** That the log began with. */
  readonly logVkey: string;
  /** Entry 0. */
  readonly genesis: Uint8Array;
  /** POSIX seconds that entries count as logged at. */
  readonly seconds: number;
}

/** Sequences a log's entries once more into an empty database, batch by batch as its index roots divide them. */
export class Replay {
  readonly #db: OwnedDatabase;
  readonly #seconds: number;
  readonly #entries: EntryStore;
  readonly #index: LogIndex;
  readonly #ledger: Ledger;

  constructor(db: OwnedDatabase, { origin, logVkey, genesis, seconds }: ReplayOptions) {
    const said = genesisOf(genesis, origin);
    const created = new Date(seconds * 1000).toISOString().slice(0, 10);
    writeIdentity(db, { origin, logVkey, rootVkey: said.root, adminVkey: said.admin, created });
    this.#db = db;
    this.#seconds = seconds;
    this.#entries = new EntryStore(db);
    const leafHash = leafHashOf(genesis);
    this.#entries.append({ index: 0n, leafHash, loggedAt: seconds, entry: genesis });
    this.#index = new LogIndex(db, origin, () => {
      throw new Error('expected index roots to be there already');
    });
    this.#index.add([{ index: 0n, leafHash, statement: decodeEntry(genesis).statement }], 1n);
    const keys = { log: logVkey, root: said.root, admin: said.admin };
    // What is in the log was admitted: neither the keys of today's witnesses nor those at hand have a say in it.
    const identity = { origin, keys, reserved: new Map<string, string>(), holdsLogKey: () => true };
    this.#ledger = new Ledger(db, identity, new ControlTable(db, keys), this.#index, (error) => {
      throw error;
    });
  }

  /** Throws BackupError when the entries do not have the effects that the index root states. */
  batch(entries: readonly Uint8Array[], indexRoot: Uint8Array): void {
    const candidates = entries.map(toCandidate);
    for (const { statement } of candidates) this.#prepare(statement);
    this.#db.transaction(() => {
      try {
        this.#ledger.replay(candidates, indexRoot, this.#seconds);
        checkIndex(this.#index, this.#entries);
        this.#index.published(this.#index.size);
      } catch (cause) {
        throw new BackupError(
          'mismatch',
          `the log's entries cannot be sequenced again by this release's rules: ${(cause as Error).message}`,
          { cause },
        );
      }
    })();
  }

  /** What some rules look at beside the log itself. */
  #prepare(statement: Statement): void {
    if (statement.predicateType === PREDICATE.release && statement.predicate.recipe.inline === undefined) {
      const { sha256, size } = statement.predicate.recipe;
      this.#db.prepare("INSERT INTO blobs (sha256, size, keyid, stored_at) VALUES (?, ?, '', 0) ON CONFLICT DO NOTHING").run(sha256, size);
    }
    if (statement.predicateType === PREDICATE.control && statement.predicate.action === 'successor') {
      // It names a checkpoint that was signed.
      const size = BigInt(statement.predicate.size);
      const sign = this.#db.prepare(
        "INSERT OR REPLACE INTO signed_checkpoint (id, size, root, compact_range, note) VALUES (1, ?, ?, x'', x'')",
      );
      sign.run(size, this.#entries.rootAt(size));
    }
  }
}

/** What entry 0 says. Throws BackupError when it is not where this log begins. */
export function genesisOf(entry: Uint8Array, origin: string): ControlAction<'genesis'> {
  const { predicateType, predicate } = decodeEntry(entry).statement;
  const said = predicateType === PREDICATE.control && predicate.action === 'genesis' ? predicate : null;
  if (said?.origin === origin) return said;
  const found = said === null ? 'no genesis' : `the one of ${said.origin}, from which this log went on`;
  throw new BackupError(
    'mismatch',
    `expected entry 0 to be the genesis of ${origin}; found ${found}: such a log comes back from a backup only ("restore --from")`,
  );
}

function toCandidate(entry: Uint8Array): Candidate {
  const envelope = decodeEnvelope(entry);
  return {
    entry,
    envelope,
    statement: decodeStatement(envelope),
    payloadDigest: hash('sha256', envelope.payload, 'hex'),
    recipeChecked: true,
  };
}
