import type { Range } from './bytes.ts';
import { latin1 } from './bytes.ts';
import type { PartPair } from './pairs.ts';

/** A pointer, or pointer and length of a Go string: what tables of a program consist of. */
const WORD = 8;
/** Two words that changed places are a swap in the source as easily; an order takes more. */
const MIN_BYTES = 4 * WORD;
/** Bytes of one table that are sorted. */
const MAX_BYTES = 8 * 1024 * 1024;

/**
 * The stretch of a part from its first to its last difference when both sides hold the same there in another order: the same words in a table, or
 * the same letters in a run of texts. Null when they do not.
 */
export function permutedStretch(pair: PartPair, limits: readonly Range[] = pair.open): Range | null {
  const { published: a, rebuilt: b } = pair;
  if (a === null || b === null || a.length !== b.length || limits.length === 0 || pair.code) return null;
  const range = stretchOf(limits);
  return isPermuted(a, b, range) ? range : null;
}

/** From the first to the last of some ranges (any order, not none), in whole words. */
export function stretchOf(ranges: readonly Range[]): Range {
  let [start, end] = [Infinity, 0];
  for (const range of ranges) {
    start = Math.min(start, range.start);
    end = Math.max(end, range.end);
  }
  return { start: Math.floor(start / WORD) * WORD, end: Math.ceil(end / WORD) * WORD };
}

/** Whether a stretch of both holds the same in any order. */
export function isPermuted(a: Uint8Array, b: Uint8Array, range: Range): boolean {
  const size = range.end - range.start;
  if (size < MIN_BYTES || size > MAX_BYTES) return false;
  const [left, right] = [a.subarray(range.start, range.end), b.subarray(range.start, range.end)];
  return sameWords(left, right) || (isText(left) && sameLetters(left, right));
}

function sameWords(a: Uint8Array, b: Uint8Array): boolean {
  const counts = new Map<string, number>();
  for (let at = 0; at < a.length; at += WORD) {
    const [left, right] = [a, b].map((bytes) => latin1(bytes.subarray(at, at + WORD))) as [string, string];
    counts.set(left, (counts.get(left) ?? 0) + 1);
    counts.set(right, (counts.get(right) ?? 0) - 1);
  }
  return [...counts.values()].every((count) => count === 0);
}

function sameLetters(a: Uint8Array, b: Uint8Array): boolean {
  const counts = new Int32Array(256);
  for (const byte of a) counts[byte]! += 1;
  for (const byte of b) counts[byte]! -= 1;
  return counts.every((count) => count === 0);
}

/** Nine of ten bytes are printable. */
function isText(bytes: Uint8Array): boolean {
  let printable = 0;
  for (const byte of bytes) if (byte >= 0x20 && byte < 0x7f) printable += 1;
  return printable * 10 >= bytes.length * 9;
}
