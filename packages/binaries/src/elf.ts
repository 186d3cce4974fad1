import { readElfTables } from './elf-tables.ts';
import type { ElfTables } from './elf-tables.ts';
import { MAX_NAME_BYTES } from './layout.ts';
import type { Image } from './layout.ts';
import { Reader, indexOfBytes, ascii, limitCount } from './reader.ts';

const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;
const PT_INTERP = 3;

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

export function isElf(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/** Reads the headers of an ELF file: what it runs on, and its sections. Throws BinaryError. */
export function readElf(bytes: Uint8Array): Image {
  const tables = readElfTables(bytes);
  return {
    format: 'elf',
    os: operatingSystem(tables),
    arch: architecture(tables.machine, tables.is64, tables.reader.littleEndian),
    bytes,
    sections: tables.sections.map(({ name, type, offset, size }) => ({ name, offset, size: type === SHT_NOBITS ? 0 : size })),
    symbols: tables.sections.some(({ type }) => type === SHT_SYMTAB),
  };
}

/** A kernel is named by the ABI byte, else by an identification note, else by the dynamic loader's path; a plain static file is Linux's. */
function operatingSystem(tables: ElfTables): string {
  const byAbi = OS_BY_ABI[tables.abi];
  if (byAbi !== undefined) return byAbi;
  for (const { name } of tables.sections) {
    if (name === '.note.netbsd.ident') return 'netbsd';
    if (name === '.note.openbsd.ident') return 'openbsd';
    if (name === '.note.android.ident') return 'android';
  }
  const loader = interpreter(tables);
  if (loader.startsWith('/system/bin/linker')) return 'android';
  if (loader === '/usr/libexec/ld-elf.so.2') return 'dragonfly';
  if (/^(\/usr)?\/lib\/(amd64\/)?ld\.so\.1$/.test(loader) && tables.machine === 62) return 'solaris';
  return 'linux';
}

function interpreter({ reader, segments }: ElfTables): string {
  const segment = segments.find(({ type }) => type === PT_INTERP);
  if (segment === undefined) return '';
  const path = reader.available(segment.offset, MAX_NAME_BYTES);
  return String.fromCharCode(...path.subarray(0, Math.max(0, path.indexOf(0))));
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
