import { hash } from 'node:crypto';
import SqliteDatabase, { type Database, type Statement } from 'better-sqlite3';
import { admit } from '../admission/admit.ts';
import type { Candidate } from '../admission/candidate.ts';
import type { Decision, Effect, ObservationRow, ReleaseRow } from '../admission/plan.ts';
import { type Refusal, refuse } from '../admission/refusal.ts';
import type { AdmissionView, ReleaseSummary } from '../admission/view.ts';
import { RosterTable } from './roster-table.ts';

/** What became of one candidate of a batch. */
export type Sequenced =
  | { readonly kind: 'admitted'; readonly index: bigint; readonly leafHash: Uint8Array; readonly entry: Uint8Array }
  | { readonly kind: 'duplicate'; readonly index: bigint; readonly leafHash: Uint8Array }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export interface LedgerIdentity {
  readonly origin: string;
  readonly adminKeyid: string;
  /** Public keys that serve another purpose already, by lower-case hex. */
  readonly reserved: ReadonlyMap<string, string>;
}

/** Parsed releases kept in memory: each observation names one. */
const MAX_RELEASES = 4096;

/**
 * The sequencing transaction: admission and all rows of a batch, or nothing (DESIGN §3.6). The rules see the rows of the batch's earlier
 * entries, because they read from the same connection inside the same transaction.
 */
export class Ledger {
  readonly roster: RosterTable;
  readonly view: AdmissionView;
  readonly #sequence: (candidates: readonly Candidate[], loggedAt: number) => Sequenced[];
  readonly #insertEntry: Statement;
  readonly #insertUnique: Statement;
  readonly #insertObservation: Statement;
  readonly #insertRelease: Statement;
  readonly #insertArtifact: Statement;
  readonly #insertSigner: Statement;
  readonly #insertDigest: Statement;
  readonly #leafHash: Statement<[bigint], { leaf_hash: Buffer }>;
  readonly #releases = new Map<bigint, ReleaseSummary>();
  readonly #onDefect: (error: unknown) => void;
  #size: bigint;

  /** @param onDefect told about errors thrown by an admission rule */
  constructor(db: Database, identity: LedgerIdentity, onDefect: (error: unknown) => void) {
    this.#onDefect = onDefect;
    this.roster = new RosterTable(db);
    this.#insertEntry = db.prepare('INSERT INTO entries (idx, leaf_hash, logged_at, entry) VALUES (?, ?, ?, ?)');
    this.#insertUnique = db.prepare('INSERT INTO uniqueness (key, idx) VALUES (?, ?)');
    this.#insertObservation = db.prepare(
      'INSERT INTO observations (release, idx, artifact, keyid, attempt, host, result, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    );
    this.#insertRelease = db.prepare('INSERT INTO releases (idx, purl, claimant, claim, part, of, recipe) VALUES (?, ?, ?, ?, ?, ?, ?)');
    this.#insertArtifact = db.prepare('INSERT INTO release_artifacts (release, position, name, sha256) VALUES (?, ?, ?, ?)');
    this.#insertSigner = db.prepare('INSERT INTO release_signers (release, keyid) VALUES (?, ?)');
    this.#insertDigest = db.prepare('INSERT INTO release_digests (sha256, release) VALUES (?, ?)');
    this.#leafHash = db.prepare('SELECT leaf_hash FROM entries WHERE idx = ?');
    const { size } = db.prepare<[], { size: number }>('SELECT coalesce(max(idx) + 1, 0) AS size FROM entries').get()!;
    this.#size = BigInt(size);
    this.view = this.#makeView(db, identity);
    const transaction = db.transaction((candidates: readonly Candidate[], loggedAt: number) =>
      candidates.map((candidate) => this.#one(candidate, loggedAt)),
    );
    this.#sequence = (candidates, loggedAt) => transaction.immediate(candidates, loggedAt);
  }

  /** Entries sequenced so far. */
  get size(): bigint {
    return this.#size;
  }

  /**
   * Decides about and writes a batch durably, in order. Throws when the outcome is unknown; the caller must then stop the process, because this
   * object's memory may be ahead of the database.
   *
   * @param loggedAt POSIX seconds, for people only
   */
  sequence(candidates: readonly Candidate[], loggedAt: number): Sequenced[] {
    return this.#sequence(candidates, loggedAt);
  }

  #one(candidate: Candidate, loggedAt: number): Sequenced {
    const decision = this.#decide(candidate);
    if (decision.kind === 'refuse') return { kind: 'refused', refusal: decision.refusal };
    if (decision.kind === 'duplicate') return { kind: 'duplicate', index: decision.index, leafHash: this.leafHash(decision.index) };
    const index = this.#size;
    const leafHash = leafHashOf(candidate.entry);
    this.#insertEntry.run(index, leafHash, loggedAt, candidate.entry);
    for (const key of decision.plan.uniqueness) this.#insertUnique.run(key, index);
    this.#apply(index, leafHash, decision.plan.effect);
    this.#size = index + 1n;
    return { kind: 'admitted', index, leafHash, entry: candidate.entry };
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
      return {
        kind: 'refuse',
        refusal: refuse(
          'internal',
          'The log could not decide about this entry, by a defect of its own. Nothing was stored; please report it to the operator.',
        ),
      };
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
    }
  }

  #applyRelease(index: bigint, leafHash: Uint8Array, row: ReleaseRow): void {
    this.#insertRelease.run(index, row.purl, row.claimant, row.claim, row.part, row.of, row.recipe);
    row.artifacts.forEach((artifact, position) => this.#insertArtifact.run(index, position, artifact.name, artifact.sha256));
    for (const keyid of row.keyids) this.#insertSigner.run(index, keyid);
    for (const digest of row.digests) this.#insertDigest.run(digest, index);
    this.#remember({
      index,
      leafHash: Buffer.from(leafHash).toString('hex'),
      recipe: row.recipe,
      artifacts: new Map(row.artifacts.map(({ name, sha256 }) => [name, sha256])),
    });
  }

  #applyObservation(index: bigint, row: ObservationRow): void {
    this.#insertObservation.run(row.release, index, row.artifact, row.keyid, row.attempt, row.host, row.result, row.reason);
  }

  #remember(summary: ReleaseSummary): void {
    this.#releases.set(summary.index, summary);
    if (this.#releases.size > MAX_RELEASES) this.#releases.delete(this.#releases.keys().next().value!);
  }

  #makeView(db: Database, identity: LedgerIdentity): AdmissionView {
    const ledger = this;
    const holder = db.prepare<[string], { idx: number }>('SELECT idx FROM uniqueness WHERE key = ?');
    const parts = db.prepare<[string, string], { of: number }>('SELECT of FROM releases WHERE purl = ? AND claimant = ? LIMIT 1');
    const blob = db.prepare<[string], { size: number }>('SELECT size FROM blobs WHERE sha256 = ?');
    const release = db.prepare<[bigint], { recipe: string; leaf_hash: Buffer }>(
      'SELECT recipe, leaf_hash FROM releases JOIN entries USING (idx) WHERE idx = ?',
    );
    const artifacts = db.prepare<[bigint], { name: string; sha256: string | null }>(
      'SELECT name, sha256 FROM release_artifacts WHERE release = ? ORDER BY position',
    );
    return {
      origin: identity.origin,
      adminKeyid: identity.adminKeyid,
      get size() {
        return ledger.#size;
      },
      reservedUse: (publicKey) => identity.reserved.get(Buffer.from(publicKey).toString('hex')) ?? null,
      rosterKeys: (keyid) => ledger.roster.keys(keyid),
      groupMembers: (group) => ledger.roster.group(group),
      hasEntry: (index) => index < ledger.#size,
      release(index) {
        const known = ledger.#releases.get(index);
        if (known !== undefined) return known;
        const row = release.get(index);
        if (row === undefined) return null;
        const summary: ReleaseSummary = {
          index,
          leafHash: row.leaf_hash.toString('hex'),
          recipe: row.recipe,
          artifacts: new Map(artifacts.all(index).map(({ name, sha256 }) => [name, sha256])),
        };
        ledger.#remember(summary);
        return summary;
      },
      partsOf: (claimant, purl) => parts.get(purl, claimant)?.of ?? null,
      holder(key) {
        const row = holder.get(key);
        return row === undefined ? null : BigInt(row.idx);
      },
      blobSize: (sha256) => blob.get(sha256)?.size ?? null,
    };
  }
}

/** SHA-256(0x00 ‖ entry) by OpenSSL: the hot path's `hashLeaf`. */
export function leafHashOf(entry: Uint8Array): Uint8Array {
  const data = Buffer.allocUnsafe(1 + entry.length);
  data[0] = 0;
  data.set(entry, 1);
  return hash('sha256', data, 'buffer');
}
