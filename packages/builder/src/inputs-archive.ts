/**
 * Inputs on a medium, for machines without network: the part of the cache that one recipe's fetch stage reads. Nothing of it is believed on the
 * other side: a fetch stage that is `offline` checks each input as if it had come from the network.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, lstat, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { encodeCanonicalJson, encodeRecipe, isRelativePath, type Recipe } from '@verbatim/statements';
import { leaseFile } from './cache/entry.ts';
import { waitForLock } from './cache/lock.ts';
import { digestTree } from './digest.ts';
import { BuilderError, errnoOf, messageOf } from './errors.ts';
import type { Fetched } from './fetch.ts';
import { removeTree } from './remove-tree.ts';

const MANIFEST = 'inputs.json';
const RECIPE = 'recipe.json';
const VERSION = 1;
/** Bytes of the manifest, and files that it may list. */
const MAX_MANIFEST = 64 * 1024 ** 2;
const MAX_FILES = 500_000;
/** What of a cache may be carried. */
const ROOMS: ReadonlySet<string> = new Set(['files', 'modules', 'commits', 'toolchains', 'sumdb', 'gopath']);

interface ListedFile {
  readonly path: string;
  readonly sha256: string;
  readonly executable: boolean;
}

export interface ExportRequest {
  readonly recipe: Recipe;
  /** What the fetch stage gave for it. */
  readonly fetched: Pick<Fetched, 'kept'>;
  readonly cacheDir: string;
  /** A new folder. */
  readonly to: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Copies what the fetch stage read of the cache to a folder, with the recipe and a manifest of digests.
 * @returns how many files
 * @throws BuilderError `unsupported-recipe` for a kind whose inputs cannot be carried; `bad-option` when `to` exists
 */
export async function exportInputs({ recipe, fetched, cacheDir, to, signal }: ExportRequest): Promise<number> {
  if (fetched.kept === undefined) {
    throw new BuilderError('unsupported-recipe', `expected a recipe whose inputs can be exported, found kind ${recipe.kind}`);
  }
  try {
    await mkdir(to);
  } catch (cause) {
    throw new BuilderError('bad-option', `expected a folder that does not exist yet, found ${to}: ${messageOf(cause)}`, { cause });
  }
  const files: ListedFile[] = [];
  for (const kept of [...new Set(fetched.kept)].sort()) {
    for (const path of await filesBelow(cacheDir, kept, signal)) {
      const executable = ((await stat(join(cacheDir, path))).mode & 0o100) !== 0;
      files.push({ path, sha256: await copyDigesting(join(cacheDir, path), join(to, path), executable), executable });
      signal?.throwIfAborted();
    }
  }
  await writeFile(join(to, RECIPE), encodeRecipe(recipe));
  await writeFile(join(to, MANIFEST), encodeCanonicalJson({ version: VERSION, files }));
  return files.length;
}

async function filesBelow(cacheDir: string, kept: string, signal: AbortSignal | undefined): Promise<string[]> {
  const found = await lstat(join(cacheDir, kept)).catch((error: unknown) => {
    // A Go module without a checksum database's answer, for instance, has none.
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  });
  if (found === null) return [];
  if (found.isFile()) return [kept];
  return (await digestTree(join(cacheDir, kept), { links: 'skip', signal })).map(({ path }) => `${kept}/${path}`);
}

export interface ImportRequest {
  /** A folder that `exportInputs` made. */
  readonly from: string;
  readonly cacheDir: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Puts exported inputs into a cache. What is there already stays.
 * @returns how many files were new
 * @throws BuilderError `bad-option` for a folder that is none, lacks a file, or holds another than its manifest says
 */
export async function importInputs({ from, cacheDir, signal }: ImportRequest): Promise<number> {
  const files = await readManifest(join(from, MANIFEST));
  const fresh = join(cacheDir, 'tmp', `import.${randomBytes(6).toString('hex')}`);
  await mkdir(fresh, { recursive: true });
  let added = 0;
  try {
    for (const { path, sha256, executable } of files) {
      const found = await copyDigesting(join(from, path), join(fresh, path), executable).catch((cause: unknown) => {
        throw bad(from, `the file ${path}`, messageOf(cause), cause);
      });
      if (found !== sha256) throw bad(from, `${path} with SHA-256 ${sha256}`, found);
      signal?.throwIfAborted();
    }
    for (const unit of new Set(files.map(({ path }) => unitOf(path)))) added += await place(fresh, cacheDir, unit, files);
    return added;
  } finally {
    await removeTree(fresh);
  }
}

/** Toolchains and repositories are taken as a whole, everything else file by file. */
function unitOf(path: string): string {
  const [room, name] = path.split('/') as [string, string];
  return room === 'toolchains' || room === 'commits' ? `${room}/${name}` : path;
}

async function place(fresh: string, cacheDir: string, unit: string, files: readonly ListedFile[]): Promise<number> {
  const [room, name] = unit.split('/') as [string, string];
  const target = join(cacheDir, unit);
  await using _installing = room === 'toolchains' ? await installing(cacheDir, name) : null;
  if ((await lstat(target).catch(() => null)) !== null) return 0;
  await mkdir(dirname(target), { recursive: true });
  await rename(join(fresh, unit), target);
  return files.filter(({ path }) => unitOf(path) === unit).length;
}

/** As `takeEntry` locks it; and a lease's file, whose time is that of the last use. */
async function installing(cacheDir: string, key: string): Promise<AsyncDisposable> {
  await using _lease = await waitForLock(leaseFile(cacheDir, key), { mode: 'shared' });
  return waitForLock(join(cacheDir, 'locks', `${key}.install`), { mode: 'exclusive' });
}

async function readManifest(file: string): Promise<readonly ListedFile[]> {
  const found = await stat(file).catch((cause: unknown) => {
    throw bad(dirname(file), `exported inputs with ${MANIFEST}`, messageOf(cause), cause);
  });
  if (found.size > MAX_MANIFEST) throw bad(file, `at most ${MAX_MANIFEST} bytes`, String(found.size));
  let manifest: { readonly version?: unknown; readonly files?: unknown };
  try {
    manifest = JSON.parse(await readFile(file, 'utf8')) as typeof manifest;
  } catch (cause) {
    throw bad(file, 'JSON', messageOf(cause), cause);
  }
  if (manifest?.version !== VERSION) throw bad(file, `version ${VERSION}`, String(manifest?.version));
  const { files } = manifest;
  if (!Array.isArray(files) || files.length > MAX_FILES) throw bad(file, `a list of at most ${MAX_FILES} files`, typeof files);
  const seen = new Set<string>();
  for (const each of files as readonly unknown[]) {
    const { path, sha256, executable } = (each ?? {}) as Readonly<Record<string, unknown>>;
    const named =
      typeof path === 'string' && isRelativePath(path) && ROOMS.has(path.split('/')[0]!) && path.includes('/') && !seen.has(path);
    if (!named || typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256) || typeof executable !== 'boolean') {
      throw bad(file, 'each file once, with path, sha256 and executable', JSON.stringify(each).slice(0, 200));
    }
    seen.add(path as string);
  }
  return files as readonly ListedFile[];
}

function bad(where: string, expected: string, found: string, cause?: unknown): BuilderError {
  return new BuilderError('bad-option', `${where}: expected ${expected}, found ${found}`, { cause });
}

/** Its SHA-256; the copy is what was digested. */
async function copyDigesting(from: string, to: string, executable: boolean): Promise<string> {
  await mkdir(dirname(to), { recursive: true });
  const hash = createHash('sha256');
  const digesting = new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(createReadStream(from), digesting, createWriteStream(to, { flags: 'wx' }));
  await chmod(to, executable ? 0o755 : 0o644);
  return hash.digest('hex');
}
