/** Which stretches of one part stand in another one, in the same order, though something before them has another length. */
import { commonPrefix } from './bytes.ts';
import { chunksOf, type Chunk } from './chunks.ts';

/** Equal bytes: `length` of them from `a` in the one, and from `b` in the other. */
export interface Segment {
  readonly a: number;
  readonly b: number;
  readonly length: number;
}

/**
 * Segments in order, apart from each other, as long as they can be. Found by content that is in each of the two once (a patience diff over chunks),
 * so in time that is almost linear; what is there more than once is found beside that.
 */
export function aligned(a: Uint8Array, b: Uint8Array): Segment[] {
  const head = commonPrefix(a, b);
  const tail = commonSuffix(a, b, Math.min(a.length, b.length) - head);
  const anchors = longestChain(anchorsOf(a.subarray(head, a.length - tail), b.subarray(head, b.length - tail)));
  const places = anchors.map(({ a: inA, b: inB, length }) => ({ a: head + inA, b: head + inB, length }));
  const segments = new Segments(head);
  for (const place of [...places, { a: a.length - tail, b: b.length - tail, length: tail }]) segments.add(place, a, b);
  return segments.all.filter(({ length }) => length > 0);
}

/** Segments as they grow towards each other. */
class Segments {
  readonly all: { a: number; b: number; length: number }[];

  constructor(head: number) {
    this.all = [{ a: 0, b: 0, length: head }];
  }

  add({ a: inA, b: inB, length }: Segment, a: Uint8Array, b: Uint8Array): void {
    const last = this.all.at(-1)!;
    // What the last one reached by growing may already hold this one.
    if (last.a + last.length > inA || last.b + last.length > inB) return;
    last.length += commonPrefix(a.subarray(last.a + last.length, inA), b.subarray(last.b + last.length, inB));
    const room = Math.min(inA - last.a, inB - last.b) - last.length;
    const back = commonSuffix(a.subarray(0, inA), b.subarray(0, inB), room);
    if (last.a - last.b === inA - inB && last.a + last.length === inA - back) last.length += back + length;
    else this.all.push({ a: inA - back, b: inB - back, length: back + length });
  }
}

/** Of the ends, at most `limit` bytes. */
function commonSuffix(a: Uint8Array, b: Uint8Array, limit: number): number {
  let length = 0;
  while (length < limit && a[a.length - 1 - length] === b[b.length - 1 - length]) length += 1;
  return length;
}

/** Chunks that each of the two has once, in the order of `a`. */
function anchorsOf(a: Uint8Array, b: Uint8Array): Segment[] {
  const [left, right] = [once(a), once(b)];
  const anchors: Segment[] = [];
  for (const [key, { start, end }] of left) {
    const other = right.get(key);
    if (other === undefined || other.end - other.start !== end - start) continue;
    // Equal hashes of other bytes are no anchor.
    if (commonPrefix(a.subarray(start, end), b.subarray(other.start, other.end)) === end - start)
      anchors.push({ a: start, b: other.start, length: end - start });
  }
  return anchors;
}

function once(bytes: Uint8Array): Map<number, Chunk> {
  const found = new Map<number, Chunk | null>();
  for (const chunk of chunksOf(bytes)) found.set(chunk.key, found.has(chunk.key) ? null : chunk);
  return new Map([...found].filter((entry): entry is [number, Chunk] => entry[1] !== null));
}

/** The most of them that are in order in `b` too (longest increasing subsequence, by patience sorting). */
function longestChain(anchors: readonly Segment[]): Segment[] {
  const tops: number[] = [];
  const before = new Int32Array(anchors.length).fill(-1);
  for (const [i, { b }] of anchors.entries()) {
    let [low, high] = [0, tops.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (anchors[tops[middle]!]!.b < b) low = middle + 1;
      else high = middle;
    }
    before[i] = low === 0 ? -1 : tops[low - 1]!;
    tops[low] = i;
  }
  const chain: Segment[] = [];
  for (let i = tops.at(-1) ?? -1; i >= 0; i = before[i]!) chain.push(anchors[i]!);
  return chain.reverse();
}
