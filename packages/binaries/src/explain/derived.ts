import { readElfTables } from '../elf-tables.ts';
import type { ElfSection, ElfTables } from '../elf-tables.ts';
import { Reader } from '../reader.ts';
import { isZero } from './bytes.ts';
import type { Range } from './bytes.ts';
import type { Ledger } from './ledger.ts';
import { ELF_HEADER, PROGRAM_HEADERS, SECTION_HEADERS } from './parts-elf.ts';
import { CODE_SIGNATURE } from './parts-macho.ts';

const SHT_NOBITS = 8;
const SHF_ALLOC = 0x2;

/**
 * Accounts for what follows from parts that are already accounted for: where sections lie that are never loaded, padding of zeros, and the
 * page hashes of an ad-hoc code signature. Settles nothing while a part that it would follow from is open.
 */
export function settleDerived(ledger: Ledger, published: Uint8Array, rebuilt: Uint8Array): void {
  for (const pair of ledger.pairs) {
    const bothZero = [pair.published, pair.rebuilt].every((bytes) => bytes === null || isZero(bytes));
    if (pair.name.startsWith('gap ') && bothZero) ledger.settle(pair, 'all', 'derived');
  }
  settleElfTables(ledger, published, rebuilt);
  settleAdHocSignature(ledger);
}

function settleElfTables(ledger: Ledger, published: Uint8Array, rebuilt: Uint8Array): void {
  const tables = new Set([ELF_HEADER, SECTION_HEADERS, '.shstrtab']);
  const concerned = ledger.pairs.filter(({ name }) => tables.has(name));
  if (concerned.length === 0 || ledger.pairs.some((pair) => !pair.loaded && !pair.settled && !concerned.includes(pair))) return;
  const [a, b] = [readElfTables(published), readElfTables(rebuilt)];
  if (!sameLoadedSections(a, b, ledger)) return;
  const segments = ledger.pair(PROGRAM_HEADERS);
  if (segments !== undefined) ledger.settle(segments, zeroFilled(a, b), 'derived');
  for (const pair of concerned) {
    if (pair.name === ELF_HEADER) ledger.settle(pair, sectionFields(a), 'derived');
    else if (pair.name === SECTION_HEADERS || !pair.loaded) ledger.settle(pair, 'all', 'derived');
  }
}

/** Small tables of pointers that Go's linker puts behind the line table: equal, they may lie elsewhere when that one has another size. */
export const MOVING_SECTIONS = ['.typelink', '.itablink'];

/** Every section that is loaded is described in the same way on both sides, in the same order; only one that is accounted for may have another size. */
function sameLoadedSections(a: ElfTables, b: ElfTables, ledger: Ledger): boolean {
  const moving = ledger.pair('.gopclntab')?.settled === true ? MOVING_SECTIONS.filter((name) => ledger.pair(name) === undefined) : [];
  const describe = ({ name, type, flags, address, offset, size, alignment }: ElfSection): string => {
    // What has no bytes in the file has no place in it.
    const place = moving.includes(name) ? 'moved' : `${address} ${type === SHT_NOBITS ? '' : offset}`;
    return [name, type, flags, place, ledger.pair(name)?.settled === true ? '' : size, alignment].join(' ');
  };
  const loaded = ({ sections }: ElfTables) => sections.filter(({ flags }) => (flags & SHF_ALLOC) !== 0).map(describe);
  return loaded(a).join('\n') === loaded(b).join('\n');
}

/** p_filesz where it counts more or fewer zeros before the memory that the system fills with zeros anyway (GNU strip leaves them out). */
function zeroFilled(a: ElfTables, b: ElfTables): Range[] {
  const size = a.is64 ? 8 : 4;
  return a.segments.flatMap(({ offset, fileSize }, i) => {
    const other = b.segments[i]?.fileSize ?? fileSize;
    const longer = fileSize > other ? a : b;
    const [from, to] = [Math.min(fileSize, other), Math.max(fileSize, other)];
    if (offset !== b.segments[i]?.offset || !isZero(longer.reader.available(offset + from, to - from))) return [];
    const start = i * a.segmentTable.entrySize + (a.is64 ? 32 : 16);
    return [{ start, end: start + size }];
  });
}

/** e_shoff, e_shnum and e_shstrndx. */
function sectionFields({ is64 }: ElfTables): Range[] {
  return is64
    ? [
        { start: 40, end: 48 },
        { start: 60, end: 64 },
      ]
    : [
        { start: 32, end: 36 },
        { start: 48, end: 52 },
      ];
}

const SUPERBLOB = 0xfade0cc0;
const CODE_DIRECTORY = 0xfade0c02;
const FLAG_ADHOC = 0x2;

/** An ad-hoc signature (linkers write it for arm64) holds hashes of the pages and no key: it follows from the rest of the file. */
function settleAdHocSignature(ledger: Ledger): void {
  const pair = ledger.pair(CODE_SIGNATURE);
  if (pair?.runs === undefined || pair.runs === null || ledger.pairs.every((other) => other === pair)) return;
  if ([pair.published!, pair.rebuilt!].every(isAdHoc) && ledger.pairs.every((other) => other === pair || other.settled)) {
    ledger.settle(pair, 'all', 'derived');
  }
}

/** Apple's cs_blobs.h: a superblob with one member, a code directory that says ad hoc. */
export function isAdHoc(signature: Uint8Array): boolean {
  if (signature.length < 36) return false;
  const reader = new Reader(signature, false);
  if (reader.u32(0) !== SUPERBLOB || reader.u32(8) !== 1) return false;
  const at = reader.u32(16);
  return at + 16 <= signature.length && reader.u32(at) === CODE_DIRECTORY && (reader.u32(at + 12) & FLAG_ADHOC) !== 0;
}
