import type { Database, Statement } from 'better-sqlite3';

/** Rows for the pages. All queries are bounded by the published size. */
export interface ReleaseListing {
  readonly index: bigint;
  readonly purl: string;
  readonly claim: 'publisher' | 'registrar';
  readonly claimant: string;
  readonly part: number;
  readonly of: number;
  readonly loggedAt: number;
}

export interface ArtifactListing {
  readonly name: string;
  readonly sha256: string | null;
}

export interface ObservationListing {
  readonly index: bigint;
  readonly artifact: string;
  readonly keyid: string;
  readonly attempt: number;
  readonly host: string;
  readonly result: string;
  readonly reason: string | null;
  readonly loggedAt: number;
}

interface ReleaseRow {
  idx: number;
  purl: string;
  claim: 'publisher' | 'registrar';
  claimant: string;
  part: number;
  of: number;
  logged_at: number;
}

interface ObservationRow {
  idx: number;
  artifact: string;
  keyid: string;
  attempt: number;
  host: string;
  result: string;
  reason: string | null;
  logged_at: number;
}

/** Observations that a page or feed considers. Beyond it lies only what repeats. */
const MAX_OBSERVATIONS = 5000;

const RELEASE = 'SELECT r.idx, purl, claim, claimant, part, of, logged_at FROM releases r JOIN entries e ON e.idx = r.idx';

export class PageStore {
  readonly #newest: Statement<[bigint, number], ReleaseRow>;
  readonly #byPrefix: Statement<[string, string, bigint, number], ReleaseRow>;
  readonly #byDigest: Statement<[string, bigint, number], ReleaseRow>;
  readonly #one: Statement<[bigint], ReleaseRow>;
  readonly #artifacts: Statement<[bigint], { name: string; sha256: string | null }>;
  readonly #observations: Statement<[bigint, bigint], ObservationRow>;

  constructor(db: Database) {
    this.#newest = db.prepare(`${RELEASE} WHERE r.idx < ? ORDER BY r.idx DESC LIMIT ?`);
    this.#byPrefix = db.prepare(`${RELEASE} WHERE purl >= ? AND purl < ? AND r.idx < ? ORDER BY r.idx DESC LIMIT ?`);
    this.#byDigest = db.prepare(
      `${RELEASE} WHERE r.idx IN (SELECT release FROM release_digests WHERE sha256 = ?) AND r.idx < ? ORDER BY r.idx DESC LIMIT ?`,
    );
    this.#one = db.prepare(`${RELEASE} WHERE r.idx = ?`);
    this.#artifacts = db.prepare('SELECT name, sha256 FROM release_artifacts WHERE release = ? ORDER BY position');
    this.#observations = db.prepare(`
      SELECT o.idx, artifact, keyid, attempt, host, result, reason, logged_at FROM observations o JOIN entries e ON e.idx = o.idx
      WHERE release = ? AND o.idx < ? ORDER BY o.idx LIMIT ${MAX_OBSERVATIONS}`);
  }

  /** Newest first, all below `before`. */
  releases(before: bigint, limit: number): ReleaseListing[] {
    return this.#newest.all(before, limit).map(releaseFromRow);
  }

  /** Releases whose purl begins with the text. */
  releasesByPurl(prefix: string, before: bigint, limit: number): ReleaseListing[] {
    return this.#byPrefix.all(prefix, `${prefix}\u{10ffff}`, before, limit).map(releaseFromRow);
  }

  /** Releases that claim the digest, as a file or as a container. */
  releasesByDigest(sha256: string, before: bigint, limit: number): ReleaseListing[] {
    return this.#byDigest.all(sha256, before, limit).map(releaseFromRow);
  }

  release(index: bigint): ReleaseListing | null {
    const row = this.#one.get(index);
    return row === undefined ? null : releaseFromRow(row);
  }

  artifacts(release: bigint): ArtifactListing[] {
    return this.#artifacts.all(release);
  }

  /** In log order, below `size`. */
  observations(release: bigint, size: bigint): ObservationListing[] {
    return this.#observations.all(release, size).map(({ idx, logged_at: loggedAt, ...row }) => ({ ...row, index: BigInt(idx), loggedAt }));
  }
}

function releaseFromRow({ idx, logged_at: loggedAt, ...row }: ReleaseRow): ReleaseListing {
  return { ...row, index: BigInt(idx), loggedAt };
}
