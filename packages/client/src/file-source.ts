import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ClientError } from './errors.ts';
import { openRegular } from './regular-file.ts';
import type { ReadOptions, Source } from './source.ts';

/** A log's public folder, or a copy of it. */
export class FileSource implements Source {
  readonly location: string;
  readonly hasLookup = false;
  readonly #folder: string;

  constructor(url: URL) {
    this.location = url.href;
    this.#folder = fileURLToPath(url);
  }

  async get(path: string, { limit, signal }: ReadOptions): Promise<Uint8Array | null> {
    const file = join(this.#folder, path);
    try {
      signal?.throwIfAborted();
      const opened = await openRegular(file, 'malformed');
      await using handle = opened.handle;
      if (opened.size > limit) throw new ClientError('too-large', `${file}: expected at most ${limit} bytes, found ${opened.size}`);
      const buffer = new Uint8Array(opened.size);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
      return buffer.subarray(0, bytesRead);
    } catch (cause) {
      if (cause instanceof ClientError) throw cause;
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return null;
      throw new ClientError(signal?.aborted === true ? 'timeout' : 'unreachable', `${file}: cannot be read`, { cause });
    }
  }

  async close(): Promise<void> {}
}
