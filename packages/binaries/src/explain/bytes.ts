/** Comparing bytes, in time linear in their number. */

/** From `start` to before `end`, in bytes. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && commonPrefix(a, b) === a.length;
}

export function commonPrefix(a: Uint8Array, b: Uint8Array): number {
  const end = Math.min(a.length, b.length);
  let at = 0;
  while (at < end && a[at] === b[at]) at += 1;
  return at;
}

/** How long the longer of the two stretches between equal beginnings and equal ends is. */
export function differingStretch(a: Uint8Array, b: Uint8Array): number {
  const prefix = commonPrefix(a, b);
  const end = Math.min(a.length, b.length) - prefix;
  let suffix = 0;
  while (suffix < end && a[a.length - 1 - suffix] === b[b.length - 1 - suffix]) suffix += 1;
  return Math.max(a.length, b.length) - prefix - suffix;
}

/** The stretches in which two equally long arrays differ, in order; null when there are more than `limit`. */
export function differingRuns(a: Uint8Array, b: Uint8Array, limit: number): Range[] | null {
  const runs: Range[] = [];
  for (let at = 0; at < a.length; at += 1) {
    if (a[at] === b[at]) continue;
    if (runs.length === limit) return null;
    const start = at;
    while (at < a.length && a[at] !== b[at]) at += 1;
    runs.push({ start, end: at });
  }
  return runs;
}

export function countDiffering(a: Uint8Array, b: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[at]) count += 1;
  return count;
}

export const sizeOf = (ranges: readonly Range[]): number => ranges.reduce((sum, { start, end }) => sum + end - start, 0);

/** What is left of `ranges` (in order, apart) outside of `covers` (in order, apart). */
export function subtract(ranges: readonly Range[], covers: readonly Range[]): Range[] {
  const left: Range[] = [];
  let next = 0;
  for (const { start, end } of ranges) {
    let from = start;
    while (next < covers.length && covers[next]!.end <= from) next += 1;
    for (let i = next; i < covers.length && covers[i]!.start < end; i += 1) {
      if (covers[i]!.start > from) left.push({ start: from, end: covers[i]!.start });
      from = Math.max(from, covers[i]!.end);
    }
    if (from < end) left.push({ start: from, end });
  }
  return left;
}

/** Ranges that are at most `gap` apart become one. */
export function joined(ranges: readonly Range[], gap: number): Range[] {
  const result: Range[] = [];
  for (const range of ranges) {
    const last = result.at(-1);
    if (last !== undefined && range.start - last.end <= gap) result[result.length - 1] = { start: last.start, end: range.end };
    else result.push(range);
  }
  return result;
}

export const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

/** Bytes as Latin-1 text, so that positions in the text are positions in the bytes. */
export function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}
