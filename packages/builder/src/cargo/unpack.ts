/** Unpacks a .tar.gz whose members all lie in one folder (a .crate, a component of the Rust distribution), strictly: archives may be hostile. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform, type Readable, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { TreeFile } from '../digest.ts';
import { errnoOf, messageOf } from '../errors.ts';
import { unavailable, type Unavailable } from '../outcome.ts';
import { readTarGz, TooLarge, type TarEntry } from '../tar-gz.ts';

export interface UnpackRequest {
  /** A .tar.gz file. */
  readonly archive: string;
  /** What it is, for people. */
  readonly name: string;
  /** The one folder that all members lie in; it becomes `to`. */
  readonly folder: string;
  /** Made. */
  readonly to: string;
  /** Bytes of the archive unpacked. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

class Refused extends Error {}

/** The files that it wrote, with their digests, readable by everybody whatever the umask. */
export async function unpack(request: UnpackRequest): Promise<readonly TreeFile[] | Unavailable> {
  const { archive, name, to, maxBytes, signal } = request;
  const files = new Map<string, TreeFile>();
  await makeFolder(to);
  const failures = await readTarGz({ archive, maxBytes, signal }, async (entry) => {
    const file = await writeEntry(entry, request, files);
    if (file !== null) files.set(file.path, file);
  });
  const refused = failures.find((each) => each instanceof Refused || each instanceof TooLarge) ?? failures[0];
  if (refused === undefined) return [...files.values()].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  if (errnoOf(refused) === 'ENOSPC') return unavailable('host-disk-full', messageOf(refused));
  return unavailable('malformed-archive', `${name}: ${messageOf(refused)}`);
}

async function writeEntry(entry: TarEntry, { folder, to }: UnpackRequest, known: ReadonlyMap<string, TreeFile>): Promise<TreeFile | null> {
  const { name, type, mode = 0, mtime } = entry.header;
  if (type !== 'file' && type !== 'directory' && type !== 'contiguous-file')
    throw new Refused(`expected files and folders, found a ${String(type)} called ${JSON.stringify(name)}`);
  const path = name.replace(/\/$/, '');
  const inside = path === folder ? '' : path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : null;
  const plain =
    inside !== null && (inside === '' || inside.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..'));
  if (!plain || path.includes('\0')) throw new Refused(`expected members below ${folder}/, found ${JSON.stringify(name)}`);
  if (type === 'directory') {
    await makeFolder(join(to, inside));
    entry.resume();
    return null;
  }
  if (inside === '' || known.has(inside)) throw new Refused(`expected each file once, found ${JSON.stringify(name)} twice`);
  const target = join(to, inside);
  await makeFolder(dirname(target));
  const hash = createHash('sha256');
  const digesting = new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(entry as unknown as Readable, digesting, createWriteStream(target, { flags: 'wx' }));
  await chmod(target, (mode & 0o111) === 0 ? 0o644 : 0o755);
  // make(1) compares times: those that the publisher packed.
  if (mtime !== undefined) await utimes(target, mtime, mtime);
  return { path: inside, sha256: hash.digest('hex') };
}

/** Readable by everybody, with all folders above it that it makes. */
async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await chmod(made, 0o755);
}
