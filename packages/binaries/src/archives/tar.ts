/** tar archives (POSIX ustar and pax, GNU). Framing and long names by tar-stream; the header's fields from the header itself. */
import { extract, type Header } from 'tar-stream';
import { BinaryError } from '../errors.ts';
import { timeOf } from './compressors.ts';
import { type Layer, type LayerMember, NOTHING, octal, type UnpackBudget, type WrapperFields } from './layer.ts';

const BLOCK = 512;
/** Permissions that a umask takes away: those of group and others. What the owner may do, and set-uid bits, are the program's. */
const UMASK_BITS = 0o077;
/** Records that the member's own properties show already. */
const SHOWN = new Set(['path', 'linkpath', 'size', 'mtime', 'uid', 'gid', 'uname', 'gname']);
const TYPES: Readonly<Record<string, LayerMember['type']>> = { file: 'file', directory: 'folder', symlink: 'link', link: 'link' };

/** What tar-stream also tells, and its types leave out: where the content begins, and the records of pax headers. */
type TarHeader = Omit<Header, 'pax'> & { readonly byteOffset: number; readonly pax: Readonly<Record<string, string>> | null };

export async function readTar(bytes: Uint8Array, budget: UnpackBudget): Promise<Layer> {
  const members: LayerMember[] = [];
  const archive = extract();
  archive.on('error', () => {});
  archive.end(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  let end = 0;
  try {
    for await (const entry of archive) {
      budget.member();
      const header = entry.header as TarHeader;
      const size = header.type === 'file' || header.type === null ? (header.size ?? 0) : 0;
      members.push(memberOf(header, bytes, end, size));
      end = header.byteOffset + Math.ceil((header.size ?? 0) / BLOCK) * BLOCK;
      entry.resume();
    }
  } catch (error) {
    if (error instanceof BinaryError) throw error;
    throw new BinaryError('malformed', `its tar headers cannot be read: ${(error as Error).message}`);
  }
  return { format: 'tar', fields: { padding: `${bytes.length - end} bytes after the last member` }, members, rest: NOTHING };
}

function memberOf(header: TarHeader, bytes: Uint8Array, from: number, size: number): LayerMember {
  const { name, type, mode = 0, uid, gid, uname, gname, mtime, linkname, byteOffset } = header;
  const records = Object.entries(header.pax ?? {}).filter(([key]) => !SHOWN.has(key));
  const attributes = records.filter(([key]) => key.includes('xattr') || key.startsWith('LIBARCHIVE.'));
  const others = records.filter((record) => !attributes.includes(record));
  const fields: WrapperFields = {
    mtime: header.pax?.['mtime'] ?? timeOf((mtime?.getTime() ?? 0) / 1000),
    owner: `${uid}/${gid} ${uname}/${gname}`,
    mode: octal(mode),
    format: new TextDecoder('latin1').decode(bytes.subarray(byteOffset - BLOCK + 257, byteOffset - BLOCK + 265)),
    ...Object.fromEntries(others.map(([key, value]) => [`pax record ${key}`, value])),
    // What the fields above do not show, such as the names of extension headers, which GNU tar numbers by its process.
    header: `${byteOffset - BLOCK - from} bytes ${digestOf(bytes.subarray(from, byteOffset - BLOCK))}`,
  };
  return {
    name,
    type: TYPES[type ?? ''] ?? 'other',
    meaning: { type: type ?? 'unknown', target: linkname ?? '', mode: octal(mode & ~UMASK_BITS), ...Object.fromEntries(attributes) },
    fields,
    bytes: bytes.subarray(byteOffset, byteOffset + size),
  };
}

/** Only to tell two apart. */
function digestOf(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}
