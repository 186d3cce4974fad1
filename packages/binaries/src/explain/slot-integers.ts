import { Reader } from '../reader.ts';
import type { Range } from './bytes.ts';
import type { Slot } from './slots.ts';
import type { ExplainContext } from './types.ts';

const TWO_YEARS = 2 * 366 * 86_400;

/**
 * A differing run inside an integer of 4 or 8 bytes, little-endian, that in the rebuilt file counts the seconds or nanoseconds to a moment of our
 * own build, and in the published one to a plausible other moment. The chance that a number of another kind does so is below one in a million.
 */
export function integerTimes(a: Uint8Array, b: Uint8Array, run: Range, { host, publishedAt }: ExplainContext): Slot | null {
  if (host?.from === undefined || host.to === undefined || run.end - run.start > 8) return null;
  const [from, to] = [host.from - 1, host.to + 1];
  const centre = publishedAt ?? host.to;
  const plausible = (seconds: number) => Math.abs(seconds - centre) <= TWO_YEARS;
  for (const width of [4, 8]) {
    for (let start = Math.max(0, run.end - width); start <= run.start && start + width <= b.length; start += 1) {
      const [theirs, ours] = [secondsAt(a, start, width), secondsAt(b, start, width)];
      if (ours < from || ours > to || !plausible(theirs)) continue;
      const text = (seconds: number) => new Date(seconds * 1000).toISOString();
      return {
        code: 'timestamp',
        kind: 'POSIX time as an integer',
        start,
        end: start + width,
        published: text(theirs),
        rebuilt: text(ours),
      };
    }
  }
  return null;
}

/** Seconds as 4 bytes, nanoseconds (or seconds, which the run of 4 bytes finds) as 8. */
function secondsAt(bytes: Uint8Array, at: number, width: number): number {
  const reader = new Reader(bytes, true);
  return width === 4 ? reader.u32(at) : (reader.u32(at + 4) * 2 ** 32 + reader.u32(at)) / 1e9;
}
