/** Keys as endless strings of bits. docs/spec/index-map.md §2. */
import { IndexMapError } from './errors.ts';

/** Longest key in bytes. The format has no limit; ours bounds the depth of a map and the length of a proof. */
export const MAX_KEY_BYTES = 256;
/** Longest value in bytes. */
export const MAX_VALUE_BYTES = 1024;
/** Two different keys differ at or below this bit: at the latest in the byte that follows the longer one. */
export const MAX_BIT = 8 * MAX_KEY_BYTES + 7;

/** Byte `i` of the key as it is read: one 0x00 follows it, then 0xFF without end. No two keys read the same. */
function byteAt(key: Uint8Array, i: number): number {
  return key[i] ?? (i === key.length ? 0x00 : 0xff);
}

/** Bit `i`, most significant first: 0 is left, 1 is right. */
export function keyBit(key: Uint8Array, i: number): 0 | 1 {
  return ((byteAt(key, i >> 3) >> (7 - (i & 7))) & 1) as 0 | 1;
}

/** The first bit at which two keys read differently; null when they are equal. */
export function firstDifference(a: Uint8Array, b: Uint8Array): number | null {
  const last = Math.max(a.length, b.length);
  for (let i = 0; i <= last; i++) {
    const difference = byteAt(a, i) ^ byteAt(b, i);
    if (difference !== 0) return 8 * i + Math.clz32(difference) - 24;
  }
  return null;
}

/** Negative, zero or positive as `a` reads before, like or after `b`: the order of a map's leaves from left to right. */
export function compareKeys(a: Uint8Array, b: Uint8Array): number {
  const bit = firstDifference(a, b);
  return bit === null ? 0 : keyBit(a, bit) - keyBit(b, bit);
}

/** Does the key, as it is read, begin with these bytes? */
export function hasPrefix(key: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.every((byte, i) => byteAt(key, i) === byte);
}

/** Throws `out-of-range`. */
export function checkKey(key: Uint8Array): void {
  checkLength(key, MAX_KEY_BYTES, 'a key');
}

/** Throws `out-of-range`. */
export function checkValue(value: Uint8Array): void {
  checkLength(value, MAX_VALUE_BYTES, 'a value');
}

function checkLength(bytes: Uint8Array, max: number, what: string): void {
  if (bytes.length > max) throw new IndexMapError('out-of-range', `expected ${what} of at most ${max} bytes, found ${bytes.length}`);
}
