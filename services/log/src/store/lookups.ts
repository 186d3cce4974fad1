import type { Database, Statement } from 'better-sqlite3';

/** One page of a look-up: indexes in ascending order, all below the published size. */
export interface LookupPage {
  readonly entries: readonly bigint[];
  /** Where the next page starts, or null when this is the last. */
  readonly next: bigint | null;
}

/**
 * Everything that a verdict about a release needs besides policy: the release entries, all observations about them, revocations of keys that
 * signed any of these, and entry 0, which names the log's own keys. Only indexes: a client reads the entries from tiles and checks them.
 */
const ABOUT = `
  SELECT 0 AS idx
  UNION SELECT release FROM named
  UNION SELECT o.idx FROM named JOIN observations o USING (release)
  UNION SELECT r.idx FROM revocations r WHERE r.keyid IN (
    SELECT o.keyid FROM named JOIN observations o USING (release) WHERE o.idx < :size
    UNION SELECT s.keyid FROM named JOIN release_signers s USING (release))`;

const PAGE = 'SELECT idx FROM about WHERE idx >= :start AND idx < :size ORDER BY idx LIMIT :limit';

interface Bounds {
  readonly start: bigint;
  /** The published size. */
  readonly size: bigint;
  readonly limit: number;
}

type Query = Statement<[{ key: string; start: bigint; size: bigint; limit: number }], { idx: number }>;

export class LookupStore {
  readonly #byDigest: Query;
  readonly #byPurl: Query;

  constructor(db: Database) {
    const query = (named: string): Query => db.prepare(`WITH named (release) AS (${named}), about (idx) AS (${ABOUT}) ${PAGE}`);
    this.#byDigest = query('SELECT release FROM release_digests WHERE sha256 = :key AND release < :size');
    this.#byPurl = query('SELECT idx FROM releases WHERE purl = :key AND idx < :size');
  }

  /** @param sha256 of a file, or of the container that a file is a member of */
  artifact(sha256: string, bounds: Bounds): LookupPage {
    return page(this.#byDigest, sha256, bounds);
  }

  /** @param purl canonical, with its version */
  release(purl: string, bounds: Bounds): LookupPage {
    return page(this.#byPurl, purl, bounds);
  }
}

function page(query: Query, key: string, { start, size, limit }: Bounds): LookupPage {
  // One more than asked for tells whether there is another page.
  const indexes = query.all({ key, start, size, limit: limit + 1 }).map((row) => BigInt(row.idx));
  const next = indexes.length > limit ? indexes[limit]! : null;
  return { entries: indexes.slice(0, limit), next };
}
