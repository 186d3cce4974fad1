import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { CliError } from './errors.ts';

/** The largest file that is ever held in memory: containers whose members are looked at, programs whose recipe is inferred. */
export const MAX_FILE_IN_MEMORY = 1024 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;

/** SHA-256 of a file in hex; `-` is standard input. Reads in pieces. Throws CliError `file`. */
export function hashFile(path: string): string {
  return withFile(path, (file) => {
    const hash = createHash('sha256');
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const size = readSome(file, chunk);
      if (size === 0) return hash.digest('hex');
      hash.update(chunk.subarray(0, size));
    }
  });
}

/** The bytes of a file. Throws CliError `file`, also when there are more than `limit`. */
export function readWhole(path: string, limit = MAX_FILE_IN_MEMORY): Uint8Array {
  return withFile(path, (file) => {
    const { size } = fstatSync(file);
    const chunks: Buffer[] = [];
    let total = 0;
    for (;;) {
      // One byte more than expected, so that the end is seen without another allocation.
      const chunk = Buffer.allocUnsafe(Math.min(Math.max(size + 1 - total, 64 * 1024), limit + 1));
      const read = readSome(file, chunk);
      if (read === 0) return Buffer.concat(chunks, total);
      total += read;
      if (total > limit) throw new CliError('file', `${path} has more than ${limit} bytes; that is not read`);
      chunks.push(chunk.subarray(0, read));
    }
  });
}

function withFile<T>(path: string, use: (file: number) => T): T {
  const stdin = path === '-';
  let file = 0;
  try {
    if (!stdin) file = openSync(path, 'r');
    return use(file);
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError('file', `cannot read ${stdin ? 'standard input' : path}`, { cause });
  } finally {
    if (file !== 0) closeSync(file);
  }
}

/** One read; 0 at the end. Standard input may be a terminal or a pipe in non-blocking mode: wait for it. */
function readSome(file: number, into: Uint8Array): number {
  for (;;) {
    try {
      return readSync(file, into, 0, into.length, null);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EOF') return 0;
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
