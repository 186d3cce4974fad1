import type { Database, Statement } from 'better-sqlite3';
import type { Role, RosterKey } from '../admission/view.ts';

interface Row {
  role: Role;
  keyid: string;
  name: string;
  public_key: Buffer;
  operator: string;
  scope: string;
  threshold: number;
  key_group: string | null;
  enrolled_at: number;
  revoked_at: number | null;
}

/**
 * The roster, in memory and in its table. Both change inside the sequencing transaction; should that fail, the process stops (DESIGN §3.6), so
 * memory never outlives a rolled-back change.
 */
export class RosterTable {
  readonly #byKeyid = new Map<string, RosterKey[]>();
  readonly #byGroup = new Map<string, RosterKey[]>();
  readonly #insert: Statement;
  readonly #revoke: Statement;

  constructor(db: Database) {
    this.#insert = db.prepare(`
      INSERT INTO roster (role, keyid, name, public_key, operator, scope, threshold, key_group, enrolled_at, revoked_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)`);
    this.#revoke = db.prepare('UPDATE roster SET revoked_at = ? WHERE keyid = ? AND role = ? AND revoked_at IS NULL');
    for (const row of db.prepare<[], Row>('SELECT * FROM roster ORDER BY enrolled_at').all()) this.#remember(fromRow(row));
  }

  keys(keyid: string): readonly RosterKey[] {
    return this.#byKeyid.get(keyid) ?? [];
  }

  group(name: string): readonly RosterKey[] {
    return this.#byGroup.get(name) ?? [];
  }

  /** Every key ever enrolled in the role. */
  withRole(role: Role): RosterKey[] {
    return [...this.#byKeyid.values()].flat().filter((key) => key.role === role);
  }

  enrol(key: RosterKey): void {
    this.#insert.run(
      key.role,
      key.keyid,
      key.name,
      key.publicKey,
      key.operator,
      JSON.stringify(key.scope),
      key.threshold,
      key.group,
      key.enrolledAt,
    );
    this.#remember(key);
  }

  revoke(role: Role, keyid: string, index: bigint): void {
    // Only the first revocation ends its standing; a later one says more about when it was lost.
    if (this.keys(keyid).some((key) => key.role === role && key.revokedAt !== null)) return;
    const { changes } = this.#revoke.run(index, keyid, role);
    if (changes !== 1) throw new Error(`expected to revoke one key, ${keyid} as ${role}; changed ${changes} rows`);
    const replace = (keys: RosterKey[] | undefined): RosterKey[] =>
      (keys ?? []).map((key) => (key.role === role && key.keyid === keyid ? { ...key, revokedAt: index } : key));
    const group = this.keys(keyid).find((key) => key.role === role)?.group ?? null;
    this.#byKeyid.set(keyid, replace(this.#byKeyid.get(keyid)));
    if (group !== null) this.#byGroup.set(group, replace(this.#byGroup.get(group)));
  }

  #remember(key: RosterKey): void {
    this.#byKeyid.set(key.keyid, [...this.keys(key.keyid), key]);
    if (key.group !== null) this.#byGroup.set(key.group, [...this.group(key.group), key]);
  }
}

function fromRow(row: Row): RosterKey {
  return {
    keyid: row.keyid,
    role: row.role,
    name: row.name,
    publicKey: new Uint8Array(row.public_key),
    operator: row.operator,
    // Written by us as an array of strings.
    scope: JSON.parse(row.scope) as string[],
    threshold: row.threshold,
    group: row.key_group,
    enrolledAt: BigInt(row.enrolled_at),
    revokedAt: row.revoked_at === null ? null : BigInt(row.revoked_at),
  };
}
