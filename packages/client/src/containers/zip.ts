/** Zip archives: wheels and the like. */
import { type Entry, fromBufferPromise, openPromise, type ZipFile } from 'yauzl';
import { ClientError } from '../errors.ts';
import { CONTAINER_LIMITS, Contents, digestOf, digestStream, type Member, type MemberType, voidContainer } from './contents.ts';

const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 0x1;
/** `st_mode` of Unix, in the upper half of the external attributes when the archive was made there. */
const FORMAT_MASK = 0o170000;
const SYMLINK = 0o120000;
const MADE_ON_UNIX = 3;
const MAX_LINK_BYTES = 4096;

/** @param size of the archive in bytes @param collect whose bytes are handed out. Throws `ClientError` 'void-container'. */
export async function readZip(file: string | Uint8Array, size: number, collect: (path: string) => boolean): Promise<Member[]> {
  const contents = new Contents(size);
  let zip: ZipFile | null = null;
  try {
    // Strict names: a backslash is refused, not turned into a slash.
    const options = { strictFileNames: true, validateEntrySizes: true, autoClose: false };
    zip =
      typeof file === 'string'
        ? await openPromise(file, options)
        : await fromBufferPromise(Buffer.from(file.buffer, file.byteOffset, file.length), options);
    if (zip.entryCount > CONTAINER_LIMITS.members) throw voidContainer(`expected at most ${CONTAINER_LIMITS.members} members`);
    for await (const entry of zip.eachEntry()) await readMember(zip, entry, contents, collect);
  } catch (cause) {
    if (cause instanceof ClientError) throw cause;
    throw voidContainer(`its archive cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  } finally {
    zip?.close();
  }
  return contents.finish();
}

async function readMember(zip: ZipFile, entry: Entry, contents: Contents, collect: (path: string) => boolean): Promise<void> {
  const name = entry.fileName;
  if ((entry.generalPurposeBitFlag & ENCRYPTED) !== 0) throw voidContainer(`${JSON.stringify(name)} is encrypted`);
  if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED) {
    throw voidContainer(`${JSON.stringify(name)} is compressed by method ${entry.compressionMethod}`);
  }
  // Two names for one member: programs differ in which they believe.
  const local = await zip.readLocalFileHeaderPromise(entry);
  if (!Buffer.from(entry.fileNameRaw).equals(Buffer.from(local.fileName)))
    throw voidContainer(`${JSON.stringify(name)} has another name in its local header`);
  const type = typeOf(entry);
  const path = contents.path(name, type === 'directory');
  if (type !== 'file' && entry.uncompressedSize > (type === 'symlink' ? MAX_LINK_BYTES : 0))
    throw voidContainer(`${JSON.stringify(name)} is a ${type} with content`);
  const stream = await zip.openReadStreamPromise(entry);
  const wanted = path !== null && type === 'file' && collect(path);
  const { sha256, size, bytes } = await digestStream(stream, (read) => contents.count(read), wanted);
  const mode = (entry.externalFileAttributes >>> 16) & 0o7777;
  if (path !== null)
    contents.add({
      path,
      type,
      mode,
      size: type === 'file' ? size : 0,
      sha256: type === 'directory' ? digestOf('') : sha256,
      ...(bytes === null ? {} : { bytes }),
    });
}

function typeOf({ fileName, versionMadeBy, externalFileAttributes }: Entry): MemberType {
  if (fileName.endsWith('/')) return 'directory';
  const onUnix = versionMadeBy >>> 8 === MADE_ON_UNIX;
  return onUnix && ((externalFileAttributes >>> 16) & FORMAT_MASK) === SYMLINK ? 'symlink' : 'file';
}
