import { BinaryError } from './errors.ts';
import { MAX_NAME_BYTES, MAX_SECTIONS } from './layout.ts';
import type { Image, Section } from './layout.ts';
import { Reader, indexOfBytes, ascii, limitCount } from './reader.ts';

const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;
const PT_INTERP = 3;
const SHN_XINDEX = 0xffff;

/** System V gABI e_ident[EI_OSABI]; Go leaves it 0 on Linux, Android, Solaris and DragonFly. */
const OS_BY_ABI: Readonly<Record<number, string>> = { 2: 'netbsd', 3: 'linux', 6: 'solaris', 9: 'freebsd', 12: 'openbsd' };

function architecture(machine: number, is64: boolean, little: boolean): string | null {
  switch (machine) {
    case 3:
      return '386';
    case 8:
      return `mips${is64 ? '64' : ''}${little ? 'le' : ''}`;
    case 21:
      return little ? 'ppc64le' : 'ppc64';
    case 22:
      return is64 ? 's390x' : 's390';
    case 40:
      return little ? 'arm' : 'armbe';
    case 62:
      return 'amd64';
    case 183:
      return little ? 'arm64' : 'arm64be';
    case 243:
      return is64 ? 'riscv64' : 'riscv';
    case 258:
      return 'loong64';
    default:
      return null;
  }
}

interface Header {
  readonly reader: Reader;
  readonly is64: boolean;
  readonly machine: number;
  readonly abi: number;
}

export function isElf(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/** Reads the headers of an ELF file (gABI chapters 4 and 5): 32 and 64 bit, both byte orders. */
export function readElf(bytes: Uint8Array): Image {
  const header = readHeader(bytes);
  const { sections, symbols } = readSections(header);
  return {
    format: 'elf',
    os: operatingSystem(header, sections),
    arch: architecture(header.machine, header.is64, header.reader.littleEndian),
    bytes,
    sections,
    symbols,
  };
}

function readHeader(bytes: Uint8Array): Header {
  const ident = new Reader(bytes, true);
  const fileClass = ident.u8(4);
  const order = ident.u8(5);
  if (fileClass !== 1 && fileClass !== 2) throw new BinaryError('malformed', `expected ELF class 1 or 2, found ${fileClass}`);
  if (order !== 1 && order !== 2) throw new BinaryError('malformed', `expected ELF byte order 1 or 2, found ${order}`);
  const reader = new Reader(bytes, order === 1);
  return { reader, is64: fileClass === 2, machine: reader.u16(18), abi: ident.u8(7) };
}

interface RawSection {
  readonly nameAt: number;
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

function readSections({ reader, is64 }: Header): { sections: Section[]; symbols: boolean } {
  const tableAt = is64 ? reader.u64(40) : reader.u32(32);
  const entrySize = reader.u16(is64 ? 58 : 46);
  const written = reader.u16(is64 ? 60 : 48);
  const namesWritten = reader.u16(is64 ? 62 : 50);
  if (tableAt === 0) return { sections: [], symbols: false };
  const minimum = is64 ? 64 : 40;
  if (entrySize < minimum) throw new BinaryError('malformed', `expected ELF section headers of ${minimum} bytes, found ${entrySize}`);
  const at = (index: number): RawSection => {
    const base = tableAt + index * entrySize;
    const type = reader.u32(base + 4);
    return is64
      ? { nameAt: reader.u32(base), type, offset: reader.u64(base + 24), size: reader.u64(base + 32), link: reader.u32(base + 40) }
      : { nameAt: reader.u32(base), type, offset: reader.u32(base + 16), size: reader.u32(base + 20), link: reader.u32(base + 24) };
  };
  // gABI: a count that does not fit stands in the first header's size, the names' index in its link.
  const count = limitCount('ELF sections', written === 0 ? at(0).size : written, MAX_SECTIONS);
  const names = at(namesWritten === SHN_XINDEX ? at(0).link : namesWritten);
  const sections: Section[] = [];
  let symbols = false;
  for (let i = 0; i < count; i += 1) {
    const raw = at(i);
    symbols ||= raw.type === SHT_SYMTAB;
    const named = names.offset + raw.nameAt < reader.bytes.length;
    const name = named ? reader.name(names.offset + raw.nameAt, MAX_NAME_BYTES) : '';
    sections.push({ name, offset: raw.offset, size: raw.type === SHT_NOBITS ? 0 : raw.size });
  }
  return { sections, symbols };
}

/** A kernel is named by the ABI byte, else by an identification note, else by the dynamic loader's path; a plain static file is Linux's. */
function operatingSystem(header: Header, sections: readonly Section[]): string {
  const byAbi = OS_BY_ABI[header.abi];
  if (byAbi !== undefined) return byAbi;
  for (const { name } of sections) {
    if (name === '.note.netbsd.ident') return 'netbsd';
    if (name === '.note.openbsd.ident') return 'openbsd';
    if (name === '.note.android.ident') return 'android';
  }
  const loader = interpreter(header);
  if (loader.startsWith('/system/bin/linker')) return 'android';
  if (loader === '/usr/libexec/ld-elf.so.2') return 'dragonfly';
  if (/^(\/usr)?\/lib\/(amd64\/)?ld\.so\.1$/.test(loader) && header.machine === 62) return 'solaris';
  return 'linux';
}

function interpreter({ reader, is64 }: Header): string {
  const tableAt = is64 ? reader.u64(32) : reader.u32(28);
  const entrySize = reader.u16(is64 ? 54 : 42);
  const count = reader.u16(is64 ? 56 : 44);
  for (let i = 0; i < count; i += 1) {
    const base = tableAt + i * entrySize;
    if (base + (is64 ? 56 : 32) > reader.bytes.length) return '';
    if (reader.u32(base) !== PT_INTERP) continue;
    const path = reader.available(is64 ? reader.u64(base + 8) : reader.u32(base + 4), MAX_NAME_BYTES);
    return String.fromCharCode(...path.subarray(0, Math.max(0, path.indexOf(0))));
  }
  return '';
}

const NOTE_GO_BUILD_ID = 4;

/** The Go build ID note (owner "Go", type 4) of an ELF image; null when there is none or when it is empty. */
export function elfGoBuildId(image: Image, notes: Uint8Array): string | null {
  const reader = new Reader(notes, new Reader(image.bytes, true).u8(5) === 1);
  if (notes.length < 16 || reader.u32(0) !== 4 || reader.u32(8) !== NOTE_GO_BUILD_ID) return null;
  if (indexOfBytes(notes, ascii('Go\0\0'), 12, 13) !== 12) return null;
  const size = limitCount('bytes of Go build ID', reader.u32(4), 1024);
  const id = String.fromCharCode(...reader.slice(16, size));
  return id === '' ? null : id;
}
