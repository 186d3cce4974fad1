import { hash } from 'node:crypto';
import type { Leaf } from '@verbatim/service-kit/tree';
import SqliteDatabase, { type Database, type Statement } from 'better-sqlite3';
import { admit } from '../admission/admit.ts';
import type { Candidate } from '../admission/candidate.ts';
import type { Decision, Effect, ObservationRow, ReleaseRow } from '../admission/plan.ts';
import { type Refusal, refuse } from '../admission/refusal.ts';
import type { ControlTable } from './control-table.ts';
import { EntryStore } from './entries.ts';
import { type LedgerIdentity, LedgerView } from './ledger-view.ts';
import type { LogIndex, ReadEntry } from './log-index.ts';
import { RosterTable } from './roster-table.ts';

/** What became of one candidate of a batch. */
export type Sequenced =
  | { readonly kind: 'admitted'; readonly index: bigint; readonly leafHash: Uint8Array; readonly entry: Uint8Array }
  | { readonly kind: 'duplicate'; readonly index: bigint; readonly leafHash: Uint8Array }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** What a batch came to. */
export interface SequencedBatch {
  /** One for each candidate, in order. */
  readonly outcomes: readonly Sequenced[];
  /** What the log grows by: the admitted entries, and the index-root entry that ends the batch. None when nothing was admitted. */
  readonly leaves: readonly Leaf[];
}

/**
 * The sequencing transaction: admission and all rows of a batch, or nothing (DESIGN §3.6). The rules see the rows of the batch's earlier
 * entries, because they read from the same connection inside the same transaction.
 */
export class Ledger {
  readonly roster: RosterTable;
  readonly control: ControlTable;
  readonly view: LedgerView;
  readonly #onDefect: (error: unknown) => void;
  readonly #sequence: (candidates: readonly Candidate[], loggedAt: number) => SequencedBatch;
  readonly #entries: EntryStore;
  readonly #index: LogIndex;
  readonly #insertUnique: Statement;
  readonly #insertObservation: Statement;
  readonly #insertRelease: Statement;
  readonly #insertArtifact: Statement;
  readonly #insertDigest: Statement;
  readonly #leafHash: Statement<[bigint], { leaf_hash: Buffer }>;

  /** @param onDefect told about errors thrown by an admission rule */
  constructor(db: Database, identity: LedgerIdentity, control: ControlTable, index: LogIndex, onDefect: (error: unknown) => void) {
    this.#onDefect = onDefect;
    this.#entries = new EntryStore(db);
    this.#index = index;
    this.roster = new RosterTable(db);
    this.control = control;
    this.view = new LedgerView(db, identity, this.roster, control);
    this.#insertUnique = db.prepare('INSERT INTO uniqueness (key, idx) VALUES (?, ?)');
    this.#insertObservation = db.prepare(
      'INSERT INTO observations (release, idx, artifact, keyid, attempt, host, result, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    );
    this.#insertRelease = db.prepare('INSERT INTO releases (idx, purl, claimant, claim, part, of, recipe) VALUES (?, ?, ?, ?, ?, ?, ?)');
    this.#insertArtifact = db.prepare('INSERT INTO release_artifacts (release, position, name, sha256) VALUES (?, ?, ?, ?)');
    this.#insertDigest = db.prepare('INSERT INTO release_digests (sha256, release) VALUES (?, ?)');
    this.#leafHash = db.prepare('SELECT leaf_hash FROM entries WHERE idx = ?');
    const transaction = db.transaction((candidates: readonly Candidate[], loggedAt: number) => {
      const outcomes = candidates.map((candidate) => this.#one(candidate, loggedAt));
      return { outcomes, leaves: this.#close(candidates, outcomes, loggedAt) };
    });
    this.#sequence = (candidates, loggedAt) => transaction.immediate(candidates, loggedAt);
  }

  /** Entries sequenced so far. */
  get size(): bigint {
    return this.view.size;
  }

  /**
   * Decides about and writes a batch durably, in order, with the index and the root of it (DESIGN §3.5). Throws when the outcome is unknown; the caller must then stop the process, because this
   * object's memory may be ahead of the database.
   *
   * @param loggedAt POSIX seconds, for people only
   */
  sequence(candidates: readonly Candidate[], loggedAt: number): SequencedBatch {
    return this.#sequence(candidates, loggedAt);
  }

  /**
   * Writes a batch that was sequenced before, in a database that is gone, with the index root that ended it: the same rules have the same
   * effects. In the caller's transaction, and the caller compares the root. Throws when a rule does not admit what it did.
   */
  replay(candidates: readonly Candidate[], indexRoot: Uint8Array, loggedAt: number): void {
    const outcomes = candidates.map((candidate) => this.#one(candidate, loggedAt));
    const index = this.view.size;
    const first = index - BigInt(candidates.length);
    const refused = outcomes.findIndex(({ kind }) => kind !== 'admitted');
    if (refused >= 0) {
      const outcome = outcomes[refused]!;
      throw new Error(
        `expected entry ${first + BigInt(refused)} to be admitted, as it was; found ${outcome.kind === 'refused' ? outcome.refusal.detail : outcome.kind}`,
      );
    }
    this.#index.add(this.#read(candidates, outcomes), index + 1n);
    this.#entries.append({ index, leafHash: leafHashOf(indexRoot), loggedAt, entry: indexRoot });
    this.view.grow();
  }

  #one(candidate: Candidate, loggedAt: number): Sequenced {
    const decision = this.#decide(candidate);
    if (decision.kind === 'refuse') return { kind: 'refused', refusal: decision.refusal };
    if (decision.kind === 'duplicate') return { kind: 'duplicate', index: decision.index, leafHash: this.leafHash(decision.index) };
    const index = this.view.size;
    const leafHash = leafHashOf(candidate.entry);
    this.#entries.append({ index, leafHash, loggedAt, entry: candidate.entry });
    for (const key of decision.plan.uniqueness) this.#insertUnique.run(key, index);
    this.#apply(index, leafHash, decision.plan.effect);
    this.view.grow();
    return { kind: 'admitted', index, leafHash, entry: candidate.entry };
  }

  /** Brings the index up to date and ends the batch with its root. */
  #close(candidates: readonly Candidate[], outcomes: readonly Sequenced[], loggedAt: number): readonly Leaf[] {
    const admitted = this.#read(candidates, outcomes);
    if (admitted.length === 0) return [];
    const index = this.view.size;
    const entry = this.#index.close(admitted, index);
    const leafHash = leafHashOf(entry);
    this.#entries.append({ index, leafHash, loggedAt, entry });
    this.view.grow();
    return [...admitted, { entry, leafHash }];
  }

  #read(candidates: readonly Candidate[], outcomes: readonly Sequenced[]): (ReadEntry & Leaf)[] {
    return outcomes.flatMap((outcome, i) => (outcome.kind === 'admitted' ? [{ ...outcome, statement: candidates[i]!.statement }] : []));
  }

  /**
   * A rule that throws must not stop the log: nothing of this candidate is written yet, so it alone is refused. An error of the database
   * itself is another matter.
   */
  #decide(candidate: Candidate): Decision {
    try {
      return admit(candidate, this.view);
    } catch (error) {
      if (error instanceof SqliteDatabase.SqliteError) throw error;
      this.#onDefect(error);
      const detail =
        'The log could not decide about this entry, by a defect of its own. Nothing was stored; please report it to the operator.';
      return { kind: 'refuse', refusal: refuse('internal', detail) };
    }
  }

  /** Leaf hash of a sequenced entry. */
  leafHash(index: bigint): Uint8Array {
    const row = this.#leafHash.get(index);
    if (row === undefined) throw new Error(`expected entry ${index} in the database; it is missing`);
    return row.leaf_hash;
  }

  #apply(index: bigint, leafHash: Uint8Array, effect: Effect): void {
    switch (effect.kind) {
      case 'release':
        return this.#applyRelease(index, leafHash, effect.row);
      case 'observation':
        return this.#applyObservation(index, effect.row);
      case 'enrol':
        return this.roster.enrol(effect.key);
      case 'revoke':
        return this.roster.revoke(effect.role, effect.keyid, index);
      case 'control':
        return this.control.apply(index, effect.predicate);
    }
  }

  #applyRelease(index: bigint, leafHash: Uint8Array, row: ReleaseRow): void {
    this.#insertRelease.run(index, row.purl, row.claimant, row.claim, row.part, row.of, row.recipe);
    row.artifacts.forEach((artifact, position) => this.#insertArtifact.run(index, position, artifact.name, artifact.sha256));
    for (const digest of row.digests) this.#insertDigest.run(digest, index);
    const artifacts = new Map(row.artifacts.map(({ name, sha256 }) => [name, sha256]));
    this.view.remember({ index, leafHash: Buffer.from(leafHash).toString('hex'), recipe: row.recipe, artifacts });
  }

  #applyObservation(index: bigint, row: ObservationRow): void {
    this.#insertObservation.run(row.release, index, row.artifact, row.keyid, row.attempt, row.host, row.result, row.reason);
  }
}

/** SHA-256(0x00 ‖ entry) by OpenSSL: the hot path's `hashLeaf`. */
export function leafHashOf(entry: Uint8Array): Uint8Array {
  const data = Buffer.allocUnsafe(1 + entry.length);
  data[0] = 0;
  data.set(entry, 1);
  return hash('sha256', data, 'buffer');
}
