import { hash } from 'node:crypto';
import { decodeEnvelope } from '@verbatim/statements';
import type { Database, Statement } from 'better-sqlite3';
import type { ControlState, FirstKeys } from '../admission/control-state.ts';
import type { AdmissionView, ReleaseSummary, RosterKey } from '../admission/view.ts';
import type { ControlTable } from './control-table.ts';
import type { RosterTable } from './roster-table.ts';

export interface LedgerIdentity {
  readonly origin: string;
  /** Vkeys that the log began with. */
  readonly keys: FirstKeys;
  /** Public keys of others that must not be enrolled, by lower-case hex. */
  readonly reserved: ReadonlyMap<string, string>;
  /** Whether this process can sign checkpoints with the key. */
  readonly holdsLogKey: (vkey: string) => boolean;
}

/** What admission knows of releases, kept in memory, up to some 10 kB each: every observation names one. */
const MAX_RELEASES = 512;

/** What admission sees, read on the connection that writes: inside the transaction, the batch's earlier entries are there. */
export class LedgerView implements AdmissionView {
  readonly origin: string;
  readonly holdsLogKey: (vkey: string) => boolean;
  readonly #control: ControlTable;
  readonly #signedRoot: Statement<[bigint], { root: Buffer }>;
  readonly #reserved: ReadonlyMap<string, string>;
  readonly #roster: RosterTable;
  readonly #holder: Statement<[string], { idx: number }>;
  readonly #parts: Statement<[string, string], { of: number }>;
  readonly #entry: Statement<[bigint], { entry: Buffer }>;
  readonly #blob: Statement<[string], { size: number }>;
  readonly #release: Statement<[bigint], { recipe: string; leaf_hash: Buffer }>;
  readonly #artifacts: Statement<[bigint], { name: string; sha256: string | null }>;
  readonly #releases = new Map<bigint, ReleaseSummary>();
  #size: bigint;

  constructor(db: Database, identity: LedgerIdentity, roster: RosterTable, control: ControlTable) {
    this.origin = identity.origin;
    this.holdsLogKey = identity.holdsLogKey;
    this.#control = control;
    this.#signedRoot = db.prepare('SELECT root FROM signed_checkpoint WHERE size = ?');
    this.#reserved = identity.reserved;
    this.#roster = roster;
    this.#holder = db.prepare('SELECT idx FROM uniqueness WHERE key = ?');
    this.#parts = db.prepare('SELECT of FROM releases WHERE purl = ? AND claimant = ? LIMIT 1');
    this.#entry = db.prepare('SELECT entry FROM entries WHERE idx = ?');
    this.#blob = db.prepare('SELECT size FROM blobs WHERE sha256 = ?');
    this.#release = db.prepare('SELECT recipe, leaf_hash FROM releases JOIN entries USING (idx) WHERE idx = ?');
    this.#artifacts = db.prepare('SELECT name, sha256 FROM release_artifacts WHERE release = ? ORDER BY position');
    const { size } = db.prepare<[], { size: number }>('SELECT coalesce(max(idx) + 1, 0) AS size FROM entries').get()!;
    this.#size = BigInt(size);
  }

  get size(): bigint {
    return this.#size;
  }

  /** One more entry is written. */
  grow(): void {
    this.#size += 1n;
  }

  /** A release that was just written need not be read back. */
  remember(summary: ReleaseSummary): void {
    this.#releases.set(summary.index, summary);
    if (this.#releases.size > MAX_RELEASES) this.#releases.delete(this.#releases.keys().next().value!);
  }

  get control(): ControlState {
    return this.#control.state;
  }

  reservedUse(publicKey: Uint8Array): string | null {
    const hex = Buffer.from(publicKey).toString('hex');
    return this.#control.use(hex) ?? this.#reserved.get(hex) ?? null;
  }

  treeRoot(): Uint8Array | null {
    return this.#signedRoot.get(this.#size)?.root ?? null;
  }

  rosterKeys(keyid: string): readonly RosterKey[] {
    return this.#roster.keys(keyid);
  }

  groupMembers(group: string): readonly RosterKey[] {
    return this.#roster.group(group);
  }

  hasEntry(index: bigint): boolean {
    return index < this.#size;
  }

  release(index: bigint): ReleaseSummary | null {
    const known = this.#releases.get(index);
    if (known !== undefined) return known;
    const row = this.#release.get(index);
    if (row === undefined) return null;
    const artifacts = new Map(this.#artifacts.all(index).map(({ name, sha256 }) => [name, sha256]));
    const summary = { index, leafHash: row.leaf_hash.toString('hex'), recipe: row.recipe, artifacts };
    this.remember(summary);
    return summary;
  }

  partsOf(claimant: string, purl: string): number | null {
    return this.#parts.get(purl, claimant)?.of ?? null;
  }

  holder(key: string): bigint | null {
    const row = this.#holder.get(key);
    return row === undefined ? null : BigInt(row.idx);
  }

  payloadDigest(index: bigint): string {
    const row = this.#entry.get(index);
    if (row === undefined) throw new Error(`expected entry ${index} in the database; it is missing`);
    return hash('sha256', decodeEnvelope(row.entry).payload, 'hex');
  }

  blobSize(sha256: string): number | null {
    return this.#blob.get(sha256)?.size ?? null;
  }
}
