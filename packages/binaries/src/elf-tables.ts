import { BinaryError } from './errors.ts';
import { MAX_NAME_BYTES, MAX_SECTIONS } from './layout.ts';
import { Reader, limitCount } from './reader.ts';

const SHN_XINDEX = 0xffff;
/** Far above what linkers write; Linux itself reads at most 64 KiB of program headers. */
const MAX_SEGMENTS = 1024;

export interface ElfSection {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly alignment: number;
}

/** A program header. `offset` and `fileSize` may point outside the file. */
export interface ElfSegment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
}

/** Where a table of headers lies in the file. */
export interface TablePlace {
  readonly offset: number;
  readonly entrySize: number;
  readonly count: number;
}

export interface ElfTables {
  readonly reader: Reader;
  readonly is64: boolean;
  readonly machine: number;
  /** e_ident[EI_OSABI]. */
  readonly abi: number;
  readonly headerSize: number;
  readonly sectionTable: TablePlace;
  readonly segmentTable: TablePlace;
  readonly sections: readonly ElfSection[];
  /** As many of the program headers as lie inside the file. */
  readonly segments: readonly ElfSegment[];
}

/** Reads the header and both tables of an ELF file (gABI chapters 4 and 5): 32 and 64 bit, both byte orders. Throws BinaryError. */
export function readElfTables(bytes: Uint8Array): ElfTables {
  const ident = new Reader(bytes, true);
  const fileClass = ident.u8(4);
  const order = ident.u8(5);
  if (fileClass !== 1 && fileClass !== 2) throw new BinaryError('malformed', `expected ELF class 1 or 2, found ${fileClass}`);
  if (order !== 1 && order !== 2) throw new BinaryError('malformed', `expected ELF byte order 1 or 2, found ${order}`);
  const reader = new Reader(bytes, order === 1);
  const is64 = fileClass === 2;
  const { place: sectionTable, sections } = readSections(reader, is64);
  const { place: segmentTable, segments } = readSegments(reader, is64);
  return {
    reader,
    is64,
    machine: reader.u16(18),
    abi: ident.u8(7),
    headerSize: is64 ? 64 : 52,
    sectionTable,
    segmentTable,
    sections,
    segments,
  };
}

function readSections(reader: Reader, is64: boolean): { place: TablePlace; sections: ElfSection[] } {
  const offset = is64 ? reader.u64(40) : reader.u32(32);
  const entrySize = reader.u16(is64 ? 58 : 46);
  const written = reader.u16(is64 ? 60 : 48);
  const namesWritten = reader.u16(is64 ? 62 : 50);
  if (offset === 0) return { place: { offset, entrySize, count: 0 }, sections: [] };
  const minimum = is64 ? 64 : 40;
  if (entrySize < minimum) throw new BinaryError('malformed', `expected ELF section headers of ${minimum} bytes, found ${entrySize}`);
  const at = (index: number) => sectionAt(reader, is64, offset + index * entrySize);
  // gABI: a count that does not fit stands in the first header's size, the names' index in its link.
  const count = limitCount('ELF sections', written === 0 ? at(0).size : written, MAX_SECTIONS);
  const names = at(namesWritten === SHN_XINDEX ? at(0).link : namesWritten);
  const sections: ElfSection[] = [];
  for (let i = 0; i < count; i += 1) {
    const { nameAt, link: _, ...section } = at(i);
    const named = names.offset + nameAt < reader.bytes.length;
    sections.push({ ...section, name: named ? reader.name(names.offset + nameAt, MAX_NAME_BYTES) : '' });
  }
  return { place: { offset, entrySize, count }, sections };
}

interface RawSection extends Omit<ElfSection, 'name'> {
  readonly nameAt: number;
  readonly link: number;
}

function sectionAt(reader: Reader, is64: boolean, base: number): RawSection {
  const common = { nameAt: reader.u32(base), type: reader.u32(base + 4) };
  return is64
    ? {
        ...common,
        // The flags that gABI defines lie in the lower half.
        flags: reader.u32(base + (reader.littleEndian ? 8 : 12)),
        address: address(reader, base + 16),
        offset: reader.u64(base + 24),
        size: reader.u64(base + 32),
        link: reader.u32(base + 40),
        alignment: address(reader, base + 48),
      }
    : {
        ...common,
        flags: reader.u32(base + 8),
        address: reader.u32(base + 12),
        offset: reader.u32(base + 16),
        size: reader.u32(base + 20),
        link: reader.u32(base + 24),
        alignment: reader.u32(base + 32),
      };
}

function readSegments(reader: Reader, is64: boolean): { place: TablePlace; segments: ElfSegment[] } {
  const offset = is64 ? reader.u64(32) : reader.u32(28);
  const entrySize = reader.u16(is64 ? 54 : 42);
  const count = reader.u16(is64 ? 56 : 44);
  const place = { offset, entrySize, count };
  const segments: ElfSegment[] = [];
  if (offset === 0 || entrySize < (is64 ? 56 : 32)) return { place, segments };
  for (let i = 0; i < Math.min(count, MAX_SEGMENTS); i += 1) {
    const base = offset + i * entrySize;
    if (base + (is64 ? 56 : 32) > reader.bytes.length) break;
    segments.push({
      type: reader.u32(base),
      offset: is64 ? reader.u64(base + 8) : reader.u32(base + 4),
      address: is64 ? address(reader, base + 16) : reader.u32(base + 8),
      fileSize: is64 ? reader.u64(base + 32) : reader.u32(base + 16),
    });
  }
  return { place, segments };
}

/** A 64-bit address as a number; beyond 2^53 (kernels) it is rounded, which no reader here minds. */
function address(reader: Reader, offset: number): number {
  const [low, high] = [reader.u32(offset), reader.u32(offset + 4)];
  return reader.littleEndian ? high * 2 ** 32 + low : low * 2 ** 32 + high;
}
