import { readElfTables } from '../elf-tables.ts';
import { formatOf } from '../identify.ts';
import { Reader } from '../reader.ts';
import type { Range } from './bytes.ts';
import { causeOf, versus } from './causes.ts';
import type { Evidence } from './evidence.ts';
import type { Ledger } from './ledger.ts';
import type { PartPair } from './pairs.ts';
import { PROGRAM_HEADERS } from './parts-elf.ts';
import { MOVING_SECTIONS } from './derived.ts';
import { movedFolders, readLineTable } from './pclntab.ts';
import type { Cause, Coverage } from './types.ts';

const LINE_TABLE = '.gopclntab';
/** Where the runtime's table of tables lies (runtime.moduledata); it has a section of its own since Go 1.26. */
const MODULE_DATA = /^\.(go\.module|noptrdata|data|data\.rel\.ro)$/;
/** Addresses in the symbol table move along too. */
const DEBUG = /^\.(z?debug_\w+|symtab)$/;
const PT_LOAD = 1;
const WORD = 8;

/**
 * A Go program built without -trimpath in another folder, also one whose name has another length: the line table says the same but for the folder,
 * which is known to be ours and stands in no input; pointers into that table move along; debug information, which is not loaded, records the same
 * folder.
 */
export function settleMovedFolders(ledger: Ledger, evidence: Evidence, published: Uint8Array, rebuilt: Uint8Array): Cause[] {
  const table = ledger.pair(LINE_TABLE);
  if (table === undefined || table.published === null || table.rebuilt === null || formatOf(published) !== 'elf') return [];
  const folders = (evidence.context.host?.folders ?? []).filter((folder) => folder.split('/').length > 2);
  const moved = movedFolders(table.published, table.rebuilt, folders);
  if (moved === null || moved.length === 0 || moved.some((folder) => evidence.inInputs(folder.rebuilt) !== false)) return [];
  const [theirs, ours] = [placeOf(published, table.published), placeOf(rebuilt, table.rebuilt)];
  const covers: (Coverage | null)[] = [ledger.settle(table, 'all', 'proven')];
  for (const pair of ledger.pairs) {
    if (MODULE_DATA.test(pair.name)) covers.push(ledger.settle(pair, movedWords(pair, theirs, ours), 'derived'));
    if (pair.name === PROGRAM_HEADERS) covers.push(ledger.settle(pair, segmentSizes(published), 'derived'));
    if (DEBUG.test(pair.name) && !pair.loaded && pair.published !== null && pair.rebuilt !== null) {
      covers.push(ledger.settle(pair, 'all', 'derived'));
    }
  }
  const facts = moved.map(
    (folder) => `${versus('build folder', folder.published, folder.rebuilt)}, which only our build can have put there`,
  );
  return [causeOf('build-path', { proven: true, evidence: facts, covers: covers.filter((cover) => cover !== null) })];
}

/** Where things lie in memory that move along: what follows the file table, the small sections behind it; and how long the file table is. */
interface Place {
  readonly ranges: readonly Range[];
  readonly lengths: readonly number[];
}

function placeOf(file: Uint8Array, table: Uint8Array): Place {
  const sections = readElfTables(file).sections;
  const base = sections.find(({ name }) => name === LINE_TABLE)?.address ?? 0;
  const { files, lines, paths } = readLineTable(table)!;
  const last = [...paths].at(-1);
  const used = last === undefined ? 0 : last[0] + last[1].length + 1;
  const behind = MOVING_SECTIONS.map((moving) => sections.find(({ name }) => name === moving)).map((section) => ({
    start: section?.address ?? 0,
    end: section === undefined ? 0 : section.address + section.size,
  }));
  return { ranges: [{ start: base + lines.start, end: base + table.length }, ...behind], lengths: [lines.start - files.start, used] };
}

/** The sizes, in the file and in memory, of the segment that holds the line table. */
function segmentSizes(file: Uint8Array): Range[] {
  const { sections, segments, segmentTable } = readElfTables(file);
  const offset = sections.find(({ name }) => name === LINE_TABLE)?.offset ?? -1;
  const index = segments.findIndex(
    (segment) => segment.type === PT_LOAD && segment.offset <= offset && offset < segment.offset + segment.fileSize,
  );
  const start = index * segmentTable.entrySize;
  return index < 0 ? [] : [{ start: start + 32, end: start + 48 }];
}

/** The words that on both sides point to the same place in what moves, or hold the length of the file table. */
function movedWords(pair: PartPair, theirs: Place, ours: Place): Range[] {
  if (pair.runs === null) return [];
  const [a, b] = [new Reader(pair.published!, true), new Reader(pair.rebuilt!, true)];
  const words: Range[] = [];
  for (const { start } of pair.open) {
    const at = Math.floor(start / WORD) * WORD;
    if (at + WORD > a.bytes.length || a.u32(at + 4) !== 0 || b.u32(at + 4) !== 0) continue;
    const [x, y] = [a.u32(at), b.u32(at)];
    const points = theirs.ranges.some(({ start: from, end }, i) => x >= from && x <= end && x - from === y - ours.ranges[i]!.start);
    if (points || theirs.lengths.some((length, i) => x === length && y === ours.lengths[i])) words.push({ start: at, end: at + WORD });
  }
  return words;
}
