import type { Range } from './bytes.ts';
import { latin1 } from './bytes.ts';
import type { PartPair } from './pairs.ts';

/** A pointer, or pointer and length of a Go string: what tables of a program consist of. */
const WORD = 8;
/** Two words that changed places are a swap in the source as easily; an order takes more. */
const MIN_WORDS = 4;
/** Bytes of one table that are sorted. */
const MAX_TABLE_BYTES = 8 * 1024 * 1024;

/** The aligned stretch of a part from its first to its last difference when both sides hold the same words there in another order; else null. */
export function permutedStretch(pair: PartPair, limits: readonly Range[] = pair.open): Range | null {
  const { published: a, rebuilt: b } = pair;
  if (a === null || b === null || a.length !== b.length || limits.length === 0 || pair.code) return null;
  const range = stretchOf(limits, a.length);
  return range !== null && sameWords(a, b, range) ? range : null;
}

export function stretchOf(limits: readonly Range[], length: number): Range | null {
  const start = Math.floor(limits[0]!.start / WORD) * WORD;
  const end = Math.min(length, Math.ceil(limits.at(-1)!.end / WORD) * WORD);
  return end - start < MIN_WORDS * WORD || end - start > MAX_TABLE_BYTES ? null : { start, end };
}

/** Whether a stretch of both holds the same words, however ordered. */
export function sameWords(a: Uint8Array, b: Uint8Array, { start, end }: Range): boolean {
  const counts = new Map<string, number>();
  for (let at = start; at < end; at += WORD) {
    const [left, right] = [a, b].map((bytes) => latin1(bytes.subarray(at, Math.min(end, at + WORD)))) as [string, string];
    counts.set(left, (counts.get(left) ?? 0) + 1);
    counts.set(right, (counts.get(right) ?? 0) - 1);
  }
  return [...counts.values()].every((count) => count === 0);
}
