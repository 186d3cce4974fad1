import { readElfTables } from '../elf-tables.ts';
import type { TablePlace } from '../elf-tables.ts';
import type { Part } from './parts.ts';

const SHT_NOBITS = 8;
const SHF_ALLOC = 0x2;
const SHF_EXECINSTR = 0x4;
const PT_LOAD = 1;

/** Names of the parts that hold an ELF file's own tables. */
export const ELF_HEADER = 'ELF header';
export const SECTION_HEADERS = 'section headers';
export const PROGRAM_HEADERS = 'program headers';

/**
 * The parts of an ELF file. What is loaded is decided by the program headers, which the kernel reads, not by the section headers, which it
 * does not: code cannot hide from the comparison in a section that calls itself `.comment`.
 */
export function elfParts(bytes: Uint8Array): Part[] {
  const tables = readElfTables(bytes);
  const mapped = tables.segments.filter(({ type, fileSize }) => type === PT_LOAD && fileSize > 0);
  const isLoaded = (start: number, end: number, flags: number): boolean =>
    mapped.length === 0
      ? (flags & SHF_ALLOC) !== 0
      : mapped.some((segment) => start < segment.offset + segment.fileSize && segment.offset < end);
  const table = (name: string, { offset, entrySize, count }: TablePlace): Part => ({
    name,
    start: offset,
    end: offset + entrySize * count,
    loaded: true,
    code: false,
  });
  return [
    { name: ELF_HEADER, start: 0, end: tables.headerSize, loaded: true, code: false },
    table(PROGRAM_HEADERS, tables.segmentTable),
    table(SECTION_HEADERS, tables.sectionTable),
    ...tables.sections
      .filter(({ type, size }) => type !== SHT_NOBITS && size > 0)
      .map(({ name, offset, size, flags }) => ({
        name: name === '' ? 'unnamed section' : name,
        start: offset,
        end: offset + size,
        loaded: isLoaded(offset, offset + size, flags),
        code: (flags & SHF_EXECINSTR) !== 0,
      })),
  ];
}
