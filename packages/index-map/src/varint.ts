/** Unsigned varints (LEB128) in their only canonical spelling, and the bytes between them. docs/spec/index-map.md §1. */
import { HASH_BYTES, type Hash } from '@verbatim/tlog';
import { IndexMapError, type IndexMapErrorCode } from './errors.ts';

/** `value` in groups of seven bits, lowest first; every byte but the last has its top bit set. 0 ≤ value ≤ 2^53 − 1. */
export function encodeVarint(value: number): Uint8Array {
  const out = new Uint8Array(varintLength(value));
  writeVarint(out, 0, value);
  return out;
}

/** Bytes of `encodeVarint(value)`. */
export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length += 1;
  return length;
}

/** Writes `encodeVarint(value)` at `offset` and returns where it ends. */
export function writeVarint(out: Uint8Array, offset: number, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`expected an integer in 0…2^53 − 1, found ${value}`);
  let at = offset;
  let rest = value;
  // Bitwise operators would cut to 32 bits.
  for (; rest >= 128; rest = Math.floor(rest / 128)) out[at++] = (rest % 128) + 128;
  out[at++] = rest;
  return at;
}

/** Reads untrusted bytes from front to back. Whatever does not fit throws IndexMapError with the code given. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #code: IndexMapErrorCode;
  #offset = 0;

  constructor(bytes: Uint8Array, code: IndexMapErrorCode) {
    this.#bytes = bytes;
    this.#code = code;
  }

  get done(): boolean {
    return this.#offset === this.#bytes.length;
  }

  /** A canonical varint of at most `max` ≤ 2^53 − 1. */
  varint(max: number, what: string): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const [byte] = this.bytes(1, what) as unknown as [number];
      value += (byte % 128) * scale;
      // Checked at every byte, so that no spelling, however long, is read beyond the limit.
      if (value > max || scale > Math.max(max, 1)) throw this.#error(`${what} in 0…${max}`);
      if (byte >= 128) continue;
      if (byte === 0 && scale > 1) throw this.#error(`the shortest spelling of ${what}`);
      return value;
    }
  }

  /** A copy of the next `length` bytes. */
  bytes(length: number, what: string): Uint8Array {
    const end = this.#offset + length;
    if (end > this.#bytes.length) throw this.#error(`${length} more bytes for ${what}`);
    const out = this.#bytes.slice(this.#offset, end);
    this.#offset = end;
    return out;
  }

  /** A varint of at most `max`, then so many bytes. */
  prefixed(max: number, what: string): Uint8Array {
    return this.bytes(this.varint(max, `the length of ${what}`), what);
  }

  hash(what: string): Hash {
    return this.bytes(HASH_BYTES, what);
  }

  /** Nothing may be left over. */
  end(): void {
    if (!this.done) throw this.#error('the end');
  }

  #error(expected: string): IndexMapError {
    return new IndexMapError(this.#code, `expected ${expected} at byte ${this.#offset} of ${this.#bytes.length}`);
  }
}
