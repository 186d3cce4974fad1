import { BinaryError } from './errors.ts';

/**
 * A bounds-checked reader over a file image in one byte order. Every access outside the bytes throws `truncated`;
 * nothing is copied, so a hostile size costs nothing.
 */
export class Reader {
  readonly bytes: Uint8Array;
  readonly littleEndian: boolean;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, littleEndian: boolean) {
    this.bytes = bytes;
    this.littleEndian = littleEndian;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(offset: number): number {
    this.#check(offset, 1);
    return this.#view.getUint8(offset);
  }

  u16(offset: number): number {
    this.#check(offset, 2);
    return this.#view.getUint16(offset, this.littleEndian);
  }

  u32(offset: number): number {
    this.#check(offset, 4);
    return this.#view.getUint32(offset, this.littleEndian);
  }

  /** A 64-bit file offset or size. A value that no file of ours can have is `truncated`, so the result is an exact number. */
  u64(offset: number): number {
    this.#check(offset, 8);
    const value = this.#view.getBigUint64(offset, this.littleEndian);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new BinaryError('truncated', `offset ${value} is outside the file`);
    return Number(value);
  }

  /** A view (not a copy) of `size` bytes at `offset`. */
  slice(offset: number, size: number): Uint8Array {
    this.#check(offset, size);
    return this.bytes.subarray(offset, offset + size);
  }

  /** A view of what exists of `size` bytes at `offset`: section sizes may exceed a truncated file. */
  available(offset: number, size: number): Uint8Array {
    const start = Math.min(offset, this.bytes.length);
    return this.bytes.subarray(start, Math.min(start + size, this.bytes.length));
  }

  /** A NUL-terminated name of at most `limit` bytes as Latin-1, so that no byte is lost or merged. */
  name(offset: number, limit: number): string {
    let text = '';
    for (let i = 0; i < limit; i += 1) {
      const byte = this.u8(offset + i);
      if (byte === 0) break;
      text += String.fromCharCode(byte);
    }
    return text;
  }

  #check(offset: number, size: number): void {
    if (!(offset >= 0 && size >= 0 && offset + size <= this.bytes.length)) {
      throw new BinaryError('truncated', `expected ${size} bytes at offset ${offset}, the file has ${this.bytes.length}`);
    }
  }
}

/** Throws `too-large` unless `count` is at most `limit`; `what` names the table. */
export function limitCount(what: string, count: number, limit: number): number {
  if (count > limit) throw new BinaryError('too-large', `expected at most ${limit} ${what}, found ${count}`);
  return count;
}

/** The first position of `needle` in `haystack` at or after `from`, or -1. `end` bounds where a match may start. */
export function indexOfBytes(haystack: Uint8Array, needle: Uint8Array, from = 0, end = haystack.length): number {
  const first = needle[0]!;
  const last = Math.min(end, haystack.length - needle.length + 1);
  let at = haystack.indexOf(first, from);
  while (at >= 0 && at < last) {
    let i = 1;
    while (i < needle.length && haystack[at + i] === needle[i]) i += 1;
    if (i === needle.length) return at;
    at = haystack.indexOf(first, at + 1);
  }
  return -1;
}

/** ASCII text to bytes; only for constants of this package. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
