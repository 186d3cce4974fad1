/** zip archives (APPNOTE 6.3): Go modules and toolchains, wheels. The directory is read by yauzl, the data here, without streams. */
import { crc32, inflateRawSync } from 'node:zlib';
import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl';
import { BinaryError } from '../errors.ts';
import { inflate } from './compressors.ts';
import { type Layer, type LayerMember, octal, type UnpackBudget } from './layer.ts';

const STORED = 0;
const DEFLATED = 8;
const UMASK_BITS = 0o077;
/** `st_mode` of a symbolic link, where the archive was made on Unix. */
const FORMAT_MASK = 0o170000;
const SYMLINK = 0o120000;
/** Data descriptor, APPNOTE 4.3.9, with zip64 and signature. */
const MAX_DESCRIPTOR = 24;
const END_RECORD = 22;

interface Span {
  readonly from: number;
  readonly to: number;
}

export async function readZip(bytes: Uint8Array, budget: UnpackBudget): Promise<Layer> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const members: LayerMember[] = [];
  const spans: Span[] = [];
  let zip: ZipFile | null = null;
  try {
    zip = await fromBufferPromise(buffer, { autoClose: false, validateEntrySizes: true });
    for await (const entry of zip.eachEntry()) {
      budget.member();
      const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
      const data = bytes.subarray(fileDataStart, fileDataStart + entry.compressedSize);
      if (data.length < entry.compressedSize) throw new BinaryError('truncated', `${entry.fileName} ends outside of the file`);
      spans.push({ from: entry.relativeOffsetOfLocalHeader, to: fileDataStart + entry.compressedSize });
      const header = buffer.subarray(entry.relativeOffsetOfLocalHeader, fileDataStart);
      members.push(memberOf(entry, header, data, unpack(entry, data, budget)));
    }
    const comment = Buffer.from(zip.comment);
    return { format: 'zip', fields: {}, members, rest: Buffer.concat([...gaps(spans, bytes), comment]) };
  } catch (error) {
    if (error instanceof BinaryError) throw error;
    throw new BinaryError('malformed', `its zip directory cannot be read: ${(error as Error).message}`);
  } finally {
    zip?.close();
  }
}

function unpack(entry: Entry, data: Uint8Array, budget: UnpackBudget): Uint8Array {
  const { fileName, compressionMethod, uncompressedSize } = entry;
  // Before anything is unpacked: what the directory says is a limit for what comes.
  budget.take(uncompressedSize);
  if (entry.isEncrypted() || (compressionMethod !== STORED && compressionMethod !== DEFLATED))
    throw new BinaryError('unsupported', `${fileName} is encrypted or compressed by method ${compressionMethod}`);
  let bytes = data;
  if (compressionMethod === DEFLATED) {
    const { buffer, engine } = inflate(
      () => inflateRawSync(data, { maxOutputLength: Math.max(uncompressedSize, 1), info: true }),
      fileName,
    );
    if (engine.bytesWritten !== data.length) throw new BinaryError('malformed', `${fileName}: bytes follow its compressed data`);
    bytes = buffer;
  }
  if (bytes.length !== uncompressedSize || crc32(bytes) !== entry.crc32)
    throw new BinaryError('malformed', `${fileName} is not what the directory says`);
  return bytes;
}

function memberOf(entry: Entry, header: Buffer, data: Uint8Array, bytes: Uint8Array): LayerMember {
  const attributes = entry.externalFileAttributes >>> 16;
  const link = (attributes & FORMAT_MASK) === SYMLINK;
  const { lastModFileDate: date, lastModFileTime: time, extraFields } = entry;
  const extra = Object.fromEntries(
    extraFields.map(({ id, data: value }) => [`extra field 0x${id.toString(16).padStart(4, '0')}`, value.toString('hex')]),
  );
  return {
    name: entry.fileName,
    type: entry.fileName.endsWith('/') ? 'folder' : link ? 'link' : 'file',
    meaning: { mode: octal(attributes & 0o7777 & ~UMASK_BITS), 'file type': octal(attributes & FORMAT_MASK), comment: entry.fileComment },
    fields: {
      mtime: dosTime(date, time),
      mode: octal(attributes & 0o7777),
      'made on': `${entry.versionMadeBy >>> 8}, version ${entry.versionMadeBy & 0xff}, needs ${entry.versionNeededToExtract}`,
      format: `flags ${entry.generalPurposeBitFlag.toString(2)}, attributes ${entry.externalFileAttributes & 0xffff} ${entry.internalFileAttributes}`,
      compression: `method ${entry.compressionMethod}, ${data.length} bytes, crc ${crc32(data).toString(16)}`,
      header: `${header.length} bytes, crc ${crc32(header).toString(16)}`,
      ...extra,
    },
    bytes,
  };
}

/** MS-DOS: two seconds a step, no zone. */
function dosTime(date: number, time: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${1980 + (date >>> 9)}-${two((date >>> 5) & 15)}-${two(date & 31)}`;
  return `${day} ${two(time >>> 11)}:${two((time >>> 5) & 63)}:${two((time & 31) * 2)}`;
}

/** Bytes in front of the first member and between members, but for data descriptors. */
function gaps(spans: readonly Span[], bytes: Uint8Array): Uint8Array[] {
  const sorted = [...spans].sort((a, b) => a.from - b.from);
  const found: Uint8Array[] = [];
  let end = 0;
  for (const { from, to } of [...sorted, { from: directoryStart(bytes), to: bytes.length }]) {
    if (from > end + (end === 0 ? 0 : MAX_DESCRIPTOR)) found.push(bytes.subarray(end, from));
    end = Math.max(end, to);
  }
  return found;
}

/** The start of the central directory; the end of the file where zip64 says it elsewhere, so that nothing counts as a gap. */
function directoryStart(bytes: Uint8Array): number {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = buffer.lastIndexOf(Uint8Array.of(0x50, 0x4b, 5, 6));
  if (end === -1 || end + END_RECORD > bytes.length) return 0;
  const start = buffer.readUInt32LE(end + 16);
  return start === 0xffffffff ? 0 : start;
}
