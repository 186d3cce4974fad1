/**
 * Files downloaded before, by their SHA-256: crates and the like. Nothing in it is trusted: what is taken out is hashed again, and what is wrong
 * is forgotten.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, copyFile, mkdir, rename, rm, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { errnoOf } from '../errors.ts';

/** Folder of the files below the cache. */
export const FILES = 'files';

/** Where the file with this digest is kept, below the cache. */
export const storedPath = (sha256: string): string => `${FILES}/${sha256.slice(0, 2)}/${sha256}`;
const storedFile = (cacheDir: string, sha256: string): string => join(cacheDir, storedPath(sha256));

/** Copies the kept file with this digest to `to`, which must not exist. False when there is none, or it is another than its name says. */
export async function takeFile(cacheDir: string, sha256: string, to: string): Promise<boolean> {
  const kept = storedFile(cacheDir, sha256);
  try {
    // A copy first: what is hashed is what is used.
    await copyFile(kept, to);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
  if ((await sha256Of(to)) === sha256) {
    const now = new Date();
    await utimes(kept, now, now).catch(() => {});
    return true;
  }
  for (const wrong of [to, kept]) await rm(wrong, { force: true });
  return false;
}

/** Keeps a copy of a file whose digest the caller has checked. Returns whether it is new here. */
export async function keepFile(cacheDir: string, sha256: string, from: string): Promise<boolean> {
  const kept = storedFile(cacheDir, sha256);
  const now = new Date();
  try {
    await utimes(kept, now, now);
    return false;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  await mkdir(dirname(kept), { recursive: true });
  const temporary = `${kept}.${randomBytes(6).toString('hex')}.tmp`;
  await copyFile(from, temporary);
  await chmod(temporary, 0o644);
  await rename(temporary, kept);
  return true;
}

/** SHA-256 of a file in hex, streamed. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
