import type { Database, Statement } from 'better-sqlite3';

/** Rows of stored blobs and how much each key has stored. The files are `blob-folder.ts`'s. */
export class BlobTable {
  readonly #size: Statement<[string], { size: number }>;
  readonly #usage: Statement<[string], { bytes: number }>;
  readonly #record: (sha256: string, size: number, keyid: string, storedAt: number) => void;

  constructor(db: Database) {
    this.#size = db.prepare('SELECT size FROM blobs WHERE sha256 = ?');
    this.#usage = db.prepare('SELECT bytes FROM blob_usage WHERE keyid = ?');
    const insert = db.prepare('INSERT INTO blobs (sha256, size, keyid, stored_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING');
    const charge = db.prepare(
      'INSERT INTO blob_usage (keyid, bytes) VALUES (?, ?) ON CONFLICT (keyid) DO UPDATE SET bytes = bytes + excluded.bytes',
    );
    this.#record = db.transaction((sha256: string, size: number, keyid: string, storedAt: number) => {
      // Whoever stores a blob first pays for it.
      if (insert.run(sha256, size, keyid, storedAt).changes === 1) charge.run(keyid, size);
    });
  }

  size(sha256: string): number | null {
    return this.#size.get(sha256)?.size ?? null;
  }

  /** Bytes stored by a key. */
  usage(keyid: string): number {
    return this.#usage.get(keyid)?.bytes ?? 0;
  }

  /** After the file is durable. */
  record(sha256: string, size: number, keyid: string, storedAt: number): void {
    this.#record(sha256, size, keyid, storedAt);
  }
}
