/** Outputs leave the build's reach before anybody looks at them: copied, once its processes are dead, to a new file of ours. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, realpath, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BuilderError, errnoOf } from './errors.ts';
import type { FileDigests } from './digest.ts';

const CHUNK = 1024 * 1024;

/** Opens a plain file with one name only. Links, devices, FIFOs and files with other names are refused. */
async function openPlain(path: string, maxBytes: number): Promise<FileHandle> {
  let file: FileHandle;
  try {
    // O_NONBLOCK: a FIFO would make us wait for its writer.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    throw new BuilderError('bad-output', `${path}: ${OPEN_FAILURES[errnoOf(cause) ?? ''] ?? `not opened: ${errnoOf(cause)}`}`, { cause });
  }
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new BuilderError('bad-output', `${path}: expected a plain file`);
    if (stat.nlink !== 1) throw new BuilderError('bad-output', `${path}: expected a file with one name, found ${stat.nlink}`);
    if (stat.size > maxBytes) throw new BuilderError('bad-output', `${path}: expected at most ${maxBytes} bytes, found ${stat.size}`);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

const OPEN_FAILURES: Readonly<Record<string, string>> = {
  ENOENT: 'expected a file, found none',
  ELOOP: 'expected a plain file, found a symbolic link',
  ENXIO: 'expected a plain file, found a socket',
};

async function* chunksOf(file: FileHandle, path: string, maxBytes: number): AsyncGenerator<Buffer> {
  let total = 0;
  const buffer = Buffer.allocUnsafe(CHUNK);
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK, total);
    if (bytesRead === 0) return;
    total += bytesRead;
    // It was smaller when it was opened.
    if (total > maxBytes) throw new BuilderError('bad-output', `${path}: expected at most ${maxBytes} bytes, found more while reading`);
    yield buffer.subarray(0, bytesRead);
  }
}

/**
 * Path of an output below the build's folder. What a link on the way leads to is not the build's own.
 * @param name relative path, from the plan
 * @throws BuilderError `bad-output` when one of the folders on the way is a symbolic link
 */
export async function outputBelow(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  const real = await realpath(dirname(path)).catch(() => null);
  // A folder that is not there is for the caller to find out.
  if (real !== null && real !== join(await realpath(folder), dirname(name)))
    throw new BuilderError('bad-output', `${name}: expected no symbolic link on the way, found one that leads to ${real}`);
  return path;
}

/**
 * Copies a build's output to `to`, which must not exist, readable by this user only.
 * @throws BuilderError `bad-output` unless it is a plain file with one name of at most `maxBytes`
 */
export async function takeOutput(from: string, to: string, maxBytes: number): Promise<void> {
  const source = await openPlain(from, maxBytes);
  try {
    const target = await open(to, 'wx', 0o600);
    try {
      for await (const chunk of chunksOf(source, from, maxBytes)) await target.writeFile(chunk);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/**
 * Digests of an output. Only whoever signs calls this, on a file that no build can reach any more (DESIGN §3.10).
 * @throws BuilderError `bad-output` as `takeOutput`
 */
export async function digestOutput(path: string, { maxBytes }: { readonly maxBytes: number }): Promise<FileDigests> {
  const file = await openPlain(path, maxBytes);
  try {
    const [sha256, sha512] = [createHash('sha256'), createHash('sha512')];
    let size = 0;
    for await (const chunk of chunksOf(file, path, maxBytes)) {
      sha256.update(chunk);
      sha512.update(chunk);
      size += chunk.length;
    }
    return { sha256: sha256.digest('hex'), sha512: sha512.digest('hex'), size };
  } finally {
    await file.close();
  }
}
