import { hash } from 'node:crypto';
import { createReadStream, type ReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Durable, ProblemError } from '@verbatim/service-kit';
import type { BlobTable } from '../store/blob-table.ts';

/** Where a blob is below a folder of blobs. */
export function blobPath(folder: string, sha256: string): string {
  return join(folder, sha256.slice(0, 2), sha256);
}

/**
 * `<data_dir>/blobs/<2 hex>/<sha256>`: recipes too large for an entry, and evidence. The row is written after the file, so a blob that exists
 * for us exists on disk; a file without a row is left over from a crash and is taken over by the next upload of the same bytes.
 */
export class BlobFolder {
  readonly #path: string;
  readonly #table: BlobTable;
  readonly #durable: Durable;
  readonly #quota: number;
  /** Bytes of uploads in progress by key: parallel uploads must not overrun the quota together. */
  readonly #reserved = new Map<string, number>();

  constructor(path: string, table: BlobTable, durable: Durable, quota: number) {
    this.#path = path;
    this.#table = table;
    this.#durable = durable;
    this.#quota = quota;
  }

  /** Size in bytes, or null. */
  size(sha256: string): number | null {
    return this.#table.size(sha256);
  }

  /** The whole blob, at most 8 MiB, or null. */
  async read(sha256: string): Promise<Uint8Array | null> {
    return this.#table.size(sha256) === null ? null : readFile(this.#file(sha256));
  }

  /** A stream of a stored blob's bytes and their number, or null. Throws when the file is not as it was stored. */
  async open(sha256: string): Promise<{ readonly stream: ReadStream; readonly size: number } | null> {
    const size = this.#table.size(sha256);
    if (size === null) return null;
    const found = await stat(this.#file(sha256));
    if (found.size !== size) throw new Error(`expected ${size} bytes in blob ${sha256}; found ${found.size}`);
    return { stream: createReadStream(this.#file(sha256)), size };
  }

  /**
   * Stores a blob under its digest, durable when it resolves; false when it was there already. The bytes have been received whole.
   * Throws ProblemError 403 `quota-exceeded` and 422 `digest-mismatch`.
   */
  async put(sha256: string, bytes: Uint8Array, keyid: string, storedAt: number): Promise<boolean> {
    const found = hash('sha256', bytes, 'hex');
    if (found !== sha256) {
      throw new ProblemError({
        status: 422,
        code: 'digest-mismatch',
        title: 'The bytes have another digest',
        detail: `Expected bytes with sha256 ${sha256}, as the path says; found ${found}. Nothing was stored.`,
      });
    }
    if (this.#table.size(sha256) !== null) return false;
    this.#reserve(keyid, bytes.length);
    try {
      const path = this.#file(sha256);
      await this.#durable.writeImmutableAll([{ path, bytes }]);
      this.#table.record(sha256, bytes.length, keyid, storedAt);
    } finally {
      this.#reserved.set(keyid, (this.#reserved.get(keyid) ?? 0) - bytes.length);
      if (this.#reserved.get(keyid) === 0) this.#reserved.delete(keyid);
    }
    return true;
  }

  #reserve(keyid: string, bytes: number): void {
    const reserved = this.#reserved.get(keyid) ?? 0;
    const used = this.#table.usage(keyid) + reserved;
    if (used + bytes > this.#quota) {
      throw new ProblemError({
        status: 403,
        code: 'quota-exceeded',
        title: 'The quota of this key is used up',
        detail: `Expected at most ${this.#quota} bytes of blobs by ${keyid}; ${used} are stored or on the way, and this one has ${bytes}. Ask the log's operator for more.`,
      });
    }
    this.#reserved.set(keyid, reserved + bytes);
  }

  #file(sha256: string): string {
    return blobPath(this.#path, sha256);
  }
}
