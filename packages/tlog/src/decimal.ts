/** Sizes and indexes in text: decimal, no sign, no leading zeros (C2SP tlog-checkpoint). */
import { TlogError, quote } from './errors.ts';

/** The largest tree size and timestamp: 2^63 − 1 (C2SP tlog-checkpoint, tlog-cosignature). */
export const MAX_SIZE = (1n << 63n) - 1n;

/** A canonical decimal from 0 to `max`. Throws `bad-encoding`, or `out-of-range` above `max`. */
export function parseDecimal(text: string, what: string, max: bigint = MAX_SIZE): bigint {
  // 2^63 − 1 has 19 digits: the length is bounded before BigInt() sees the text.
  if (!/^(?:0|[1-9][0-9]{0,18})$/.test(text)) {
    throw new TlogError('bad-encoding', `expected ${what} as a canonical decimal, found ${quote(text)}`);
  }
  return checkRange(BigInt(text), what, max);
}

/** `value` when it is in 0…max. Throws `out-of-range` otherwise. */
export function checkRange(value: bigint, what: string, max: bigint = MAX_SIZE): bigint {
  if (value < 0n || value > max) {
    throw new TlogError('out-of-range', `expected ${what} in 0…${max}, found ${value}`);
  }
  return value;
}
