import { countDiffering, differingRuns, differingStretch, sameBytes, sizeOf, subtract } from './bytes.ts';
import type { Range } from './bytes.ts';
import { MAX_RUNS } from './limits.ts';
import { partsOf, wholeFile } from './parts.ts';
import type { Part } from './parts.ts';
import type { PartDifference } from './types.ts';

/** One part in both files, where it differs. Ranges count from the part's own beginning. */
export class PartPair {
  readonly name: string;
  readonly published: Uint8Array | null;
  readonly rebuilt: Uint8Array | null;
  readonly loaded: boolean;
  readonly code: boolean;
  readonly differing: number;
  /** Where equally long bytes differ; null when a side is missing, sizes differ, or there are too many places to list. */
  readonly runs: readonly Range[] | null;
  #open: readonly Range[];

  constructor(name: string, published: Side | null, rebuilt: Side | null) {
    this.name = name;
    this.published = published?.bytes ?? null;
    this.rebuilt = rebuilt?.bytes ?? null;
    this.loaded = (published?.part.loaded ?? false) || (rebuilt?.part.loaded ?? false);
    this.code = (published?.part.code ?? false) || (rebuilt?.part.code ?? false);
    const [a, b] = [this.published ?? EMPTY, this.rebuilt ?? EMPTY];
    this.runs = a.length === b.length ? differingRuns(a, b, MAX_RUNS) : null;
    if (this.runs !== null) this.differing = sizeOf(this.runs);
    else this.differing = a.length === b.length ? countDiffering(a, b) : differingStretch(a, b);
    // Without a list of places only the whole can be accounted for: the range stands for all that differs.
    this.#open = this.runs ?? [{ start: 0, end: this.differing }];
  }

  get truncated(): boolean {
    return this.runs === null && this.published?.length === this.rebuilt?.length;
  }

  /** The places that nothing accounts for yet. */
  get open(): readonly Range[] {
    return this.#open;
  }

  get settled(): boolean {
    return this.#open.length === 0;
  }

  /** Takes ranges (any order) off the open ones; returns how many differing bytes that settled. Without runs only `settleAll` does. */
  settle(ranges: readonly Range[]): number {
    if (this.runs === null) return 0;
    const before = sizeOf(this.#open);
    this.#open = subtract(this.#open, ordered(ranges));
    return before - sizeOf(this.#open);
  }

  settleAll(): number {
    const settled = sizeOf(this.#open);
    this.#open = [];
    return settled;
  }

  /** @param moved bytes that differ and only moved (moved.ts) */
  report(moved = 0): PartDifference {
    const open = sizeOf(this.#open);
    return {
      name: this.name,
      publishedSize: this.published?.length ?? null,
      rebuiltSize: this.rebuilt?.length ?? null,
      differing: this.differing,
      accounted: this.differing - open,
      moved: Math.min(moved, open),
      loaded: this.loaded,
    };
  }
}

const EMPTY = new Uint8Array();

interface Side {
  readonly part: Part;
  readonly bytes: Uint8Array;
}

/** The parts in which two files differ, in the order of the published file; those that only the rebuilt one has come last. */
export function differingPairs(published: Uint8Array, rebuilt: Uint8Array): PartPair[] {
  const [left, right] = [sidesOf(published, partsOf(published)), sidesOf(rebuilt, partsOf(rebuilt))];
  // A file that could not be cut up is compared with the whole of the other.
  if (left.has('file') !== right.has('file')) {
    return [new PartPair('file', ...([published, rebuilt].map((bytes) => ({ bytes, part: wholeFile(bytes) })) as [Side, Side]))];
  }
  const pairs: PartPair[] = [];
  for (const name of new Set([...left.keys(), ...right.keys()])) {
    const [a, b] = [left.get(name) ?? null, right.get(name) ?? null];
    if (a !== null && b !== null && sameBytes(a.bytes, b.bytes) && a.part.loaded === b.part.loaded) continue;
    pairs.push(new PartPair(name, a, b));
  }
  return pairs;
}

function sidesOf(bytes: Uint8Array, parts: readonly Part[]): Map<string, Side> {
  return new Map(parts.map((part) => [part.name, { part, bytes: bytes.subarray(part.start, part.end) }]));
}

/** Sorted and without overlaps. */
function ordered(ranges: readonly Range[]): Range[] {
  const result: Range[] = [];
  for (const { start, end } of [...ranges].sort((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last !== undefined && start <= last.end) result[result.length - 1] = { start: last.start, end: Math.max(last.end, end) };
    else result.push({ start, end });
  }
  return result;
}
