import { orElse } from '../errors.ts';
import { Reader } from '../reader.ts';
import type { Range } from './bytes.ts';
import { isZero, latin1, sameBytes } from './bytes.ts';

/** Go 1.20 and later (internal/abi.PCLnTabMagic). */
const MAGIC = 0xfffffff1;
const MAX_FILES = 200_000;
const NO_FILE = 0xffffffff;

/** Go's table of functions, lines and source files (runtime.pcHeader): where its parts begin, counted from its own start. */
export interface LineTable {
  readonly header: readonly number[];
  readonly names: Range;
  readonly units: Range;
  readonly files: Range;
  readonly lines: Range;
  readonly functions: Range;
  /** Source files by their offset in the file table, in order. */
  readonly paths: ReadonlyMap<number, string>;
}

/** Reads a 64-bit little-endian line table; null when it is none, or of another version of the format. */
export function readLineTable(bytes: Uint8Array): LineTable | null {
  return orElse(() => {
    const reader = new Reader(bytes, true);
    if (reader.u32(0) !== MAGIC || reader.u8(7) !== 8) return null;
    const [functionCount, fileCount, textStart, names, units, files, lines, functions] = Array.from({ length: 8 }, (_, i) =>
      reader.u64(8 + 8 * i),
    ) as [number, number, number, number, number, number, number, number];
    const bounds = [names, units, files, lines, functions, bytes.length];
    if (bounds.some((bound, i) => i > 0 && bound < bounds[i - 1]!) || fileCount > MAX_FILES) return null;
    const range = (i: number): Range => ({ start: bounds[i]!, end: bounds[i + 1]! });
    const paths = pathsOf(bytes, range(2), fileCount);
    if (paths === null) return null;
    return {
      header: [functionCount, fileCount, textStart, names, units, files],
      names: range(0),
      units: range(1),
      files: range(2),
      lines: range(3),
      functions: range(4),
      paths,
    };
  }, null);
}

/** NUL-terminated, one after the other; nothing but zeros behind the last. */
function pathsOf(bytes: Uint8Array, { start, end }: Range, count: number): Map<number, string> | null {
  const paths = new Map<number, string>();
  let at = start;
  for (let i = 0; i < count; i += 1) {
    const stop = bytes.indexOf(0, at);
    if (stop < 0 || stop >= end) return null;
    paths.set(at - start, latin1(bytes.subarray(at, stop)));
    at = stop + 1;
  }
  return isZero(bytes.subarray(at, end)) ? paths : null;
}

/** What a folder of ours is called in the published file. */
export interface MovedFolder {
  readonly published: string;
  readonly rebuilt: string;
}

/**
 * Whether two line tables are the same but for folders of ours under which source files lie: the same functions, code positions and files in the
 * same order, and every compilation unit naming the same files. Returns the folders that are called otherwise in the published table; null when
 * anything else differs.
 */
export function movedFolders(a: Uint8Array, b: Uint8Array, folders: readonly string[]): MovedFolder[] | null {
  const [left, right] = [readLineTable(a), readLineTable(b)];
  if (left === null || right === null || left.header.join() !== right.header.join()) return null;
  const same = (part: 'names' | 'lines' | 'functions') =>
    sameBytes(a.subarray(left[part].start, left[part].end), b.subarray(right[part].start, right[part].end));
  if (!sameBytes(a.subarray(0, 8), b.subarray(0, 8))) return null;
  if (!same('names') || !same('lines') || !same('functions') || !sameUnits(a, b, left, right)) return null;
  const theirs = [...left.paths.values()];
  // A folder within another one is the more telling of the two.
  const longestFirst = [...folders].sort((x, y) => y.length - x.length);
  const moved = new Map<string, string>();
  for (const [i, path] of [...right.paths.values()].entries()) {
    const other = theirs[i]!;
    const folder = longestFirst.find((each) => path.startsWith(`${each}/`));
    const published = folder === undefined ? '' : other.slice(0, Math.max(0, other.length - (path.length - folder.length)));
    if (
      folder === undefined
        ? path === other
        : published + path.slice(folder.length) === other && published === (moved.get(folder) ?? published)
    ) {
      if (folder !== undefined) moved.set(folder, published);
    } else {
      return null;
    }
  }
  const changed = [...moved]
    .map(([rebuilt, published]) => ({ published, rebuilt }))
    .filter(({ published, rebuilt }) => published !== rebuilt);
  return changed.every(({ published }) => /^\/[\x21-\x7e]*$/.test(published)) ? changed : null;
}

/** Each entry is an offset into the file table; the same position must name the same file. */
function sameUnits(a: Uint8Array, b: Uint8Array, left: LineTable, right: LineTable): boolean {
  const [fileNumbers, otherNumbers] = [left, right].map(({ paths }) => new Map([...paths.keys()].map((offset, i) => [offset, i])));
  const [readerA, readerB] = [new Reader(a, true), new Reader(b, true)];
  if (left.units.end !== right.units.end || (left.units.end - left.units.start) % 4 !== 0) return false;
  for (let at = left.units.start; at + 4 <= left.units.end; at += 4) {
    const [x, y] = [readerA.u32(at), readerB.u32(at)];
    if (x === NO_FILE || y === NO_FILE ? x !== y : fileNumbers!.get(x) === undefined || fileNumbers!.get(x) !== otherNumbers!.get(y))
      return false;
  }
  return true;
}
