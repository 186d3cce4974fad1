import type { Range } from './bytes.ts';

/** A boundary comes where the hash of the last 32 bytes has so many leading zeros: every 64 bytes on average. */
const BOUNDARY_BITS = 6;
const MAX_CHUNK_BYTES = 512;
/** Fixed random-looking numbers, one for each byte value (a gear table, as in content-defined chunking). */
const GEAR = Uint32Array.from({ length: 256 }, (_, byte) => scramble(byte + 1));

function scramble(seed: number): number {
  let x = Math.imul(seed, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 15), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

export interface Chunk extends Range {
  /** 52 bits of hash; a collision hides a string from the report and nothing else. */
  readonly key: number;
}

/** Cuts at places that the content itself determines, so that inserted bytes move the cuts after them along. */
export function* chunksOf(bytes: Uint8Array): Generator<Chunk> {
  let start = 0;
  let rolling = 0;
  let [low, high] = [0x811c9dc5, 0x01000193];
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at]!;
    rolling = ((rolling << 1) + GEAR[byte]!) >>> 0;
    low = Math.imul(low ^ byte, 0x01000193);
    high = Math.imul(high + byte, 0x9e3779b1) ^ (high >>> 15);
    const ends = rolling >>> (32 - BOUNDARY_BITS) === 0 || at + 1 - start >= MAX_CHUNK_BYTES || at + 1 === bytes.length;
    if (!ends) continue;
    yield { start, end: at + 1, key: (high & 0xfffff) * 2 ** 32 + (low >>> 0) };
    start = at + 1;
    [low, high] = [0x811c9dc5, 0x01000193];
  }
}

/** The stretches of each that the other does not have, wherever they stand; neighbouring ones joined. Linear in both sizes. */
export function unmatchedStretches(a: Uint8Array, b: Uint8Array): { a: Range[]; b: Range[] } {
  const counts = new Map<number, number>();
  for (const { key } of chunksOf(b)) counts.set(key, (counts.get(key) ?? 0) + 1);
  const onlyA: Range[] = [];
  for (const chunk of chunksOf(a)) {
    const count = counts.get(chunk.key) ?? 0;
    if (count > 0) counts.set(chunk.key, count - 1);
    else append(onlyA, chunk);
  }
  const onlyB: Range[] = [];
  for (const chunk of chunksOf(b)) {
    const count = counts.get(chunk.key) ?? 0;
    if (count === 0) continue;
    counts.set(chunk.key, count - 1);
    append(onlyB, chunk);
  }
  return { a: onlyA, b: onlyB };
}

function append(ranges: Range[], { start, end }: Range): void {
  const last = ranges.at(-1);
  if (last !== undefined && last.end === start) ranges[ranges.length - 1] = { start: last.start, end };
  else ranges.push({ start, end });
}
