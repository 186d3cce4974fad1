/** h1 of a module's zip, as the checksum database has it: golang.org/x/mod/sumdb/dirhash, HashZip. */
import { createHash } from 'node:crypto';
import { openPromise, type ZipFile } from 'yauzl';
import { hash1 } from './digest.ts';

const MAX_FILES = 100_000;

/**
 * Over names and contents alone: times, permissions and compression do not matter. Null for what is no zip, has a name twice, too many files, or
 * unpacks to more than `maxBytes`. The file must be out of any build's reach.
 */
export async function zipHash1(path: string, { maxBytes }: { readonly maxBytes: number }): Promise<string | null> {
  let zip: ZipFile | null = null;
  const files = new Map<string, string>();
  let total = 0;
  try {
    zip = await openPromise(path, { strictFileNames: true, validateEntrySizes: true, autoClose: false });
    if (zip.entryCount > MAX_FILES) return null;
    for await (const entry of zip.eachEntry()) {
      total += entry.uncompressedSize;
      if (total > maxBytes || files.has(entry.fileName)) return null;
      const hash = createHash('sha256');
      for await (const chunk of await zip.openReadStreamPromise(entry)) hash.update(chunk as Buffer);
      files.set(entry.fileName, hash.digest('hex'));
    }
  } catch {
    return null;
  } finally {
    zip?.close();
  }
  const sorted = [...files].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return hash1(sorted.map(([name, sha256]) => ({ path: name, sha256 })));
}
