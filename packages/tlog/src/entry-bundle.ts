/** Entry bundles: C2SP tlog-tiles, "Log entries" (big-endian uint16 length ‖ entry, repeated). */
import { concatBytes } from './bytes.ts';
import { TlogError } from './errors.ts';
import { TILE_WIDTH } from './tile-path.ts';

/** Longest entry that a bundle can hold. */
export const MAX_BUNDLE_ENTRY_BYTES = 0xffff;

/** 1…256 entries of at most 65,535 bytes. Throws `out-of-range`. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  checkWidth(entries.length);
  return concatBytes(
    ...entries.flatMap((entry) => {
      if (entry.length > MAX_BUNDLE_ENTRY_BYTES) {
        throw new TlogError('out-of-range', `expected entries of at most ${MAX_BUNDLE_ENTRY_BYTES} bytes, found ${entry.length}`);
      }
      return [Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry];
    }),
  );
}

/** Exactly `width` entries and nothing after them (views of `bytes`). Throws `malformed-bundle`. */
export function decodeBundle(bytes: Uint8Array, width: number): Uint8Array[] {
  checkWidth(width);
  const entries: Uint8Array[] = [];
  let offset = 0;
  while (entries.length < width) {
    if (offset + 2 > bytes.length) throw malformed(`${width} entries`, `${entries.length}`);
    const start = offset + 2;
    offset = start + bytes[offset]! * 256 + bytes[offset + 1]!;
    if (offset > bytes.length)
      throw malformed(`entry ${entries.length} to be whole`, `${bytes.length - start} of its ${offset - start} bytes`);
    entries.push(bytes.subarray(start, offset));
  }
  if (offset !== bytes.length) throw malformed(`${width} entries`, `${bytes.length - offset} bytes after them`);
  return entries;
}

function checkWidth(width: number): void {
  if (!Number.isInteger(width) || width < 1 || width > TILE_WIDTH) {
    throw new TlogError('out-of-range', `expected a bundle of 1…${TILE_WIDTH} entries, found ${width}`);
  }
}

function malformed(expected: string, found: string): TlogError {
  return new TlogError('malformed-bundle', `malformed entry bundle: expected ${expected}, found ${found}`);
}
