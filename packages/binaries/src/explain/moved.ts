/**
 * How much of a difference is only data in another place: something grew, so what follows it lies elsewhere, and what points there says so. It
 * tells people where to look, and accounts for nothing: a number that was changed on purpose can look like a pointer that moved along.
 */
import { readElfTables, type ElfSection, type ElfTables } from '../elf-tables.ts';
import { orElse } from '../errors.ts';
import { formatOf } from '../identify.ts';
import { aligned, type Segment } from './align.ts';
import { differingStretch } from './bytes.ts';
import type { PartPair } from './pairs.ts';

/** Above this a part is not aligned; bytes. */
const MAX_ALIGNED_BYTES = 128 * 1024 * 1024;
/** Bytes of a machine instruction that can follow the distance to what it uses. */
const OPERANDS_AFTER = [0, 1, 2, 4];
const LINE_TABLE = '.gopclntab';
const READ_ONLY_DATA = '.rodata';

/** For each part that differs, how many of its differing bytes are the same elsewhere or point to what is. Bytes; 0 is left out. */
export function movedBytes(pairs: readonly PartPair[], published: Uint8Array, rebuilt: Uint8Array): Map<string, number> {
  const places = new Map<string, readonly Segment[]>();
  for (const pair of pairs) {
    if (pair.published === null || pair.rebuilt === null) continue;
    if (Math.max(pair.published.length, pair.rebuilt.length) > MAX_ALIGNED_BYTES) continue;
    places.set(pair.name, placesOf(pair));
  }
  const addresses = orElse(() => addressesOf(published, rebuilt, places), null);
  const moved = new Map<string, number>();
  for (const pair of pairs) {
    const segments = places.get(pair.name);
    if (segments === undefined) continue;
    const left = leftOf(pair, segments, addresses);
    const bytes = Math.max(0, pair.differing - left);
    if (bytes > 0) moved.set(pair.name, bytes);
  }
  return moved;
}

/** Code of the same size is where it was; so is data of the same size, unless more of it is equal elsewhere. Empty: everything is where it was. */
function placesOf({ published, rebuilt, code, differing }: PartPair): readonly Segment[] {
  const [a, b] = [published!, rebuilt!];
  if (code && a.length === b.length) return [];
  const segments = aligned(a, b);
  const equal = segments.reduce((sum, { length }) => sum + length, 0);
  return a.length === b.length && equal <= a.length - differing ? [] : segments;
}

/** Bytes that differ and did not only move. Between two segments is what was changed; without segments everything stands where it was. */
function leftOf({ name, published, rebuilt }: PartPair, segments: readonly Segment[], addresses: Addresses | null): number {
  const [a, b] = [published!, rebuilt!];
  let left = 0;
  let [fromA, fromB] = [0, 0];
  for (const { a: toA, b: toB, length } of [...segments, { a: a.length, b: b.length, length: 0 }]) {
    left += changedIn(fromA, toA, fromB, toB);
    [fromA, fromB] = [toA + length, toB + length];
  }
  return left;

  function changedIn(startA: number, endA: number, startB: number, endB: number): number {
    if (endA - startA !== endB - startB) return differingStretch(a.subarray(startA, endA), b.subarray(startB, endB));
    let changed = 0;
    for (let at = 0; at < endA - startA; at += 1) {
      if (a[startA + at] === b[startB + at]) continue;
      const first = at;
      while (at < endA - startA && a[startA + at] !== b[startB + at]) at += 1;
      const run = { a: startA + first, b: startB + first, length: at - first };
      if (addresses === null || !addresses.movedAlong(name, a, b, run)) changed += run.length;
    }
    return changed;
  }
}

/** Where a section lies in memory on both sides, and how its content moved. */
interface Mapped {
  readonly name: string;
  readonly theirs: ElfSection;
  readonly ours: ElfSection;
  /** Empty: nothing moved in it. */
  readonly segments: readonly Segment[];
}

function addressesOf(published: Uint8Array, rebuilt: Uint8Array, places: ReadonlyMap<string, readonly Segment[]>): Addresses | null {
  if (formatOf(published) !== 'elf' || formatOf(rebuilt) !== 'elf') return null;
  const [a, b] = [readElfTables(published), readElfTables(rebuilt)];
  if (!a.is64 || !b.is64 || a.reader.u8(5) !== 1 || b.reader.u8(5) !== 1) return null;
  const loaded = ({ sections }: ElfTables) => sections.filter(({ address, size }) => address > 0 && size > 0);
  const others = new Map(loaded(b).map((section) => [section.name, section]));
  const mapped = loaded(a).flatMap((theirs): Mapped[] => {
    const ours = others.get(theirs.name);
    return ours === undefined ? [] : [{ name: theirs.name, theirs, ours, segments: places.get(theirs.name) ?? [] }];
  });
  return new Addresses(mapped);
}

class Addresses {
  readonly #byName: ReadonlyMap<string, Mapped>;
  /** By their published addresses. Where hostile headers let them overlap, the last one counts. */
  readonly #byAddress: readonly Mapped[];
  /** How far read-only data moved: Go's line table counts from tables in it whose place it does not say. */
  readonly #shifts: ReadonlySet<number>;

  constructor(mapped: readonly Mapped[]) {
    this.#byName = new Map(mapped.map((section) => [section.name, section]));
    this.#byAddress = mapped.toSorted((x, y) => x.theirs.address - y.theirs.address);
    const { theirs, ours, segments = [] } = this.#byName.get(READ_ONLY_DATA) ?? {};
    const distance = (ours?.address ?? 0) - (theirs?.address ?? 0);
    this.#shifts = new Set(segments.map(({ a, b }) => distance + b - a));
  }

  /** Whether what differs is part of a pointer, a distance or an offset that on both sides leads to the same content. */
  movedAlong(section: string, a: Uint8Array, b: Uint8Array, run: Segment): boolean {
    const place = this.#byName.get(section);
    if (run.length > 8) return false;
    // A symbol table lies at no address; addresses in it are whole.
    const [baseA, baseB] = [place?.theirs.address ?? 0, place?.ours.address ?? 0];
    const [left, right] = [new DataView(a.buffer, a.byteOffset, a.length), new DataView(b.buffer, b.byteOffset, b.length)];
    const end = run.a + run.length;
    const word = Math.floor(run.a / 8) * 8;
    const within = (at: number, size: number): boolean => at >= 0 && at + size <= a.length && run.b + (at - run.a) >= 0;
    const there = (at: number): number => run.b + (at - run.a);
    if (end <= word + 8 && within(word, 8) && there(word) + 8 <= b.length) {
      const [x, y] = [left.getBigUint64(word, true), right.getBigUint64(there(word), true)];
      if (x < 2n ** 48n && y < 2n ** 48n && this.#same(Number(x), Number(y))) return true;
    }
    for (let at = end - 4; at <= run.a; at += 1) {
      if (!within(at, 4) || there(at) + 4 > b.length) continue;
      const [x, y] = [left.getInt32(at, true), right.getInt32(there(at), true)];
      // Relative to the next instruction; or, in tables, to where the section of the table or the first of all begins.
      if (OPERANDS_AFTER.some((after) => this.#same(baseA + at + 4 + after + x, baseB + there(at) + 4 + after + y))) return true;
      if (at % 4 === 0 && this.#same(baseA + x, baseB + y)) return true;
      if (this.#same(x, y) || (section === LINE_TABLE && this.#shifts.has(y - x))) return true;
    }
    return false;
  }

  /** Whether an address in the published file is the place of what lies at the other one in ours. */
  #same(x: number, y: number): boolean {
    const found = this.#byAddress[lastAtOrBefore(this.#byAddress, x, ({ theirs: { address } }) => address)];
    if (found === undefined || x > found.theirs.address + found.theirs.size) return false;
    const { theirs, ours, segments } = found;
    const offset = x - theirs.address;
    if (segments.length === 0) return y - ours.address === offset;
    // The end of one segment can be the beginning of the next.
    const last = lastAtOrBefore(segments, offset, ({ a }) => a);
    return [last, last - 1].some((index) => {
      const [segment, next] = [segments[index], segments[index + 1]];
      if (segment === undefined || y - ours.address !== offset - segment.a + segment.b) return false;
      // What is changed between two that moved alike moved with them.
      return offset <= segment.a + segment.length || (next !== undefined && next.a - next.b === segment.a - segment.b);
    });
  }
}

/** Index of the last item at or before `place`, of items in order; −1 when there is none. */
function lastAtOrBefore<T>(items: readonly T[], place: number, placeOf: (item: T) => number): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (placeOf(items[middle]!) <= place) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
