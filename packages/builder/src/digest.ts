/** SHA-256 over files and trees, without holding up the event loop for long. */
import { createHash } from 'node:crypto';
import { closeSync, constants, createReadStream, fstatSync, openSync, readSync, readdirSync, type Stats } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { BuilderError } from './errors.ts';

export interface FileDigests {
  /** Lower-case hex. */
  readonly sha256: string;
  readonly sha512: string;
  readonly size: number;
}

/** Digests of a file that we made ourselves, streamed. */
export async function digestFile(path: string): Promise<FileDigests> {
  const hashes = [createHash('sha256'), createHash('sha512')] as const;
  let size = 0;
  await pipeline(createReadStream(path), async function (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      size += chunk.length;
      for (const hash of hashes) hash.update(chunk);
    }
  });
  return { sha256: hashes[0].digest('hex'), sha512: hashes[1].digest('hex'), size };
}

export interface TreeFile {
  /** Relative, with `/`. */
  readonly path: string;
  readonly sha256: string;
}

export interface DigestTreeOptions {
  readonly links?: 'refuse' | 'skip';
  readonly signal?: AbortSignal | undefined;
}

const CHUNK = 4 * 1024 * 1024;
/** Longest time that the event loop is held up at a stretch. */
const BREATH_MILLISECONDS = 20;

/**
 * Every file below `root` with its SHA-256, in byte order of the paths. Synchronous calls with pauses: for ten thousand small files they cost
 * a quarter of what the asynchronous ones do.
 * @param options `links: 'skip'` passes over symbolic links, which hold no content of their own
 * @throws BuilderError `bad-output` at a device or other thing that is neither a plain file nor a folder
 */
export async function digestTree(root: string, { links = 'refuse', signal }: DigestTreeOptions = {}): Promise<TreeFile[]> {
  const digests: TreeFile[] = [];
  let breath = performance.now();
  for (const path of listFiles(root, links)) {
    digests.push({ path, sha256: digestPlain(join(root, path)) });
    if (performance.now() - breath < BREATH_MILLISECONDS) continue;
    await setImmediate();
    signal?.throwIfAborted();
    breath = performance.now();
  }
  return digests;
}

function digestPlain(path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size } = plainStat(file, path);
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(Math.min(size + 1, CHUNK));
    for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer)) hash.update(buffer.subarray(0, read));
    return hash.digest('hex');
  } finally {
    closeSync(file);
  }
}

function plainStat(file: number, path: string): Stats {
  const stat = fstatSync(file);
  if (!stat.isFile()) throw new BuilderError('bad-output', `${path}: expected a plain file`);
  return stat;
}

function listFiles(root: string, links: 'refuse' | 'skip'): string[] {
  const files: string[] = [];
  const queue = [''];
  for (let folder = queue.pop(); folder !== undefined; folder = queue.pop()) {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) queue.push(path);
      else if (entry.isFile()) files.push(path);
      else if (!(entry.isSymbolicLink() && links === 'skip'))
        throw new BuilderError('bad-output', `${join(root, path)}: expected a plain file or a folder`);
    }
  }
  return files.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** golang.org/x/mod/sumdb/dirhash, Hash1: `h1:` and the SHA-256 of lines `<hex>  <prefix>/<path>`. The files must be in byte order. */
export function hash1(files: readonly TreeFile[], prefix?: string): string {
  const hash = createHash('sha256');
  for (const { path, sha256 } of files) hash.update(`${sha256}  ${prefix === undefined ? path : `${prefix}/${path}`}\n`);
  return `h1:${hash.digest('base64')}`;
}

/** As `readFile`; null when there is no such file. */
export async function readOptional(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
