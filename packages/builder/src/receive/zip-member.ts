/** One member of a zip archive, to a file; hostile archives included. */
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { errnoOf, messageOf } from '../errors.ts';
import { notReceived, type NotReceived } from './outcome.ts';
import type { MemberRequest } from './tar-member.ts';

const MAX_ENTRIES = 100_000;
const [STORED, DEFLATED] = [0, 8];
const ENCRYPTED = 0x1;
/** `st_mode` of Unix, in the upper half of the external attributes. */
const [FORMAT_MASK, PLAIN_FILE] = [0o170000, 0o100000];

/** Writes the member to `to`. Null when it is there. An archive that has it twice, or under two names, has two meanings, and is refused. */
export async function extractZipMember(request: MemberRequest): Promise<NotReceived | null> {
  const { archive, path, maxBytes, signal } = request;
  let zip: ZipFile | null = null;
  try {
    // Strict: a name with a backslash, `..` or a leading `/` anywhere in the archive voids it.
    zip = await openPromise(archive, { strictFileNames: true, validateEntrySizes: true, autoClose: false });
    if (zip.entryCount > MAX_ENTRIES)
      return notReceived('malformed-archive', `expected at most ${MAX_ENTRIES} members, found ${zip.entryCount}`);
    const found: Entry[] = [];
    for await (const entry of zip.eachEntry()) if (entry.fileName === path) found.push(entry);
    signal?.throwIfAborted();
    if (found.length > 1) return notReceived('malformed-archive', `${path}: expected one member of this name, found ${found.length}`);
    const [entry] = found;
    if (entry === undefined) return notReceived('member-missing', `expected a member ${path}, found none`);
    if (entry.uncompressedSize > maxBytes)
      return notReceived('too-large', `${path}: ${entry.uncompressedSize} bytes, more than ${maxBytes}`);
    const odd = await oddity(zip, entry);
    if (odd !== null) return notReceived('malformed-archive', `${path}: ${odd}`);
    // yauzl ends the stream with an error when it is longer or shorter than the entry says.
    await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(request.to, { flags: 'wx', mode: 0o600 }), {
      ...(signal === undefined ? {} : { signal }),
    });
    return null;
  } catch (error) {
    signal?.throwIfAborted();
    return notReceived(errnoOf(error) === 'ENOSPC' ? 'host-disk-full' : 'malformed-archive', messageOf(error));
  } finally {
    zip?.close();
  }
}

/** Why the entry is not a plain file that every reader sees in the same way; null when it is. */
async function oddity(zip: ZipFile, entry: Entry): Promise<string | null> {
  const { compressionMethod, externalFileAttributes, generalPurposeBitFlag } = entry;
  if ((generalPurposeBitFlag & ENCRYPTED) !== 0) return 'encrypted';
  if (compressionMethod !== STORED && compressionMethod !== DEFLATED) return `compressed by method ${compressionMethod}`;
  const format = (externalFileAttributes >>> 16) & FORMAT_MASK;
  if (format !== 0 && format !== PLAIN_FILE) return 'expected a file, found a link, a folder or a device';
  const local = await zip.readLocalFileHeaderPromise(entry);
  return Buffer.from(entry.fileNameRaw).equals(Buffer.from(local.fileName)) ? null : 'it has another name in its local header';
}
