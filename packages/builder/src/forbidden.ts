/** None of a release's own files may be an input of its rebuild, nor a file of one: a copy proves nothing (DESIGN §3.9). */
import { existsSync } from 'node:fs';
import { digestFile, digestTree } from './digest.ts';
import { unavailable, type Unavailable } from './outcome.ts';

export type Forbidden = ReadonlySet<string>;

interface Digested {
  readonly path: string;
  readonly sha256: string;
}

/** The first of the files that is forbidden. @param where what they belong to, for people */
export function forbiddenAmong(files: readonly Digested[], forbidden: Forbidden, where = ''): Unavailable | null {
  const match = files.find(({ sha256 }) => forbidden.has(sha256));
  if (match === undefined) return null;
  return unavailable(
    'artifact-among-inputs',
    `${match.path}${where} has the digest ${match.sha256} of a published artifact: a copy proves nothing`,
  );
}

/** A whole folder's files; links are not followed. */
export async function forbiddenIn(folder: string, forbidden: Forbidden, signal: AbortSignal | undefined): Promise<Unavailable | null> {
  return forbiddenAmong(await digestTree(folder, { links: 'skip', signal }), forbidden);
}

/** One file, which may be missing. @param name what to call it */
export async function forbiddenFile(file: string, name: string, forbidden: Forbidden): Promise<Unavailable | null> {
  if (!existsSync(file)) return null;
  return forbiddenAmong([{ path: name, sha256: (await digestFile(file)).sha256 }], forbidden);
}
