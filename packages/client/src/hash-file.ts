/** Digests of files and streams, without holding them in memory. */
import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { ClientError } from './errors.ts';
import { openRegular, sizeOfRegular } from './regular-file.ts';

export interface FileDigests {
  /** Lower-case hex. */
  readonly sha256: string;
  /** Lower-case hex; null unless asked for. */
  readonly sha512: string | null;
  /** Bytes. */
  readonly size: number;
}

export interface HashOptions {
  /** Compute sha512 too, which releases state as well; it costs half as much time again. */
  readonly sha512?: boolean;
}

const CHUNK = 1024 * 1024;

/**
 * Digests of a regular file, or of one that is open. Throws `ClientError` 'unusable' for a folder, a device, or what cannot be read.
 */
export async function hashFile(file: string | FileHandle, options: HashOptions = {}): Promise<FileDigests> {
  const name = typeof file === 'string' ? file : 'the open file';
  try {
    if (typeof file !== 'string') return await hashHandle(file, await sizeOfRegular(file, name, 'unusable'), options);
    const { handle, size } = await openRegular(file, 'unusable');
    await using _closed = handle;
    return await hashHandle(handle, size, options);
  } catch (cause) {
    if (cause instanceof ClientError) throw cause;
    throw new ClientError('unusable', `${name}: cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

async function hashHandle(handle: FileHandle, size: number, options: HashOptions): Promise<FileDigests> {
  const digest = new Digests(options);
  const buffer = new Uint8Array(Math.min(CHUNK, size + 1));
  for (let position = 0; ;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return digest.finish();
    digest.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
}

/** Digests of a stream, such as standard input. */
export async function hashStream(stream: AsyncIterable<Uint8Array>, options: HashOptions = {}): Promise<FileDigests> {
  const digest = new Digests(options);
  for await (const chunk of stream) digest.update(chunk);
  return digest.finish();
}

class Digests {
  readonly #sha256 = createHash('sha256');
  readonly #sha512: Hash | null;
  #size = 0;

  constructor({ sha512 = false }: HashOptions) {
    this.#sha512 = sha512 ? createHash('sha512') : null;
  }

  update(chunk: Uint8Array): void {
    this.#sha256.update(chunk);
    this.#sha512?.update(chunk);
    this.#size += chunk.length;
  }

  finish(): FileDigests {
    return { sha256: this.#sha256.digest('hex'), sha512: this.#sha512?.digest('hex') ?? null, size: this.#size };
  }
}
