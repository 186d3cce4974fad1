import { MAX_BUNDLE_ENTRY_BYTES } from '@verbatim/tlog';

/**
 * The entry bundle at the right edge, encoded as it grows (C2SP tlog-tiles: big-endian uint16 length ‖ entry, repeated): each size needs it
 * again with a few entries more, so its first part is never encoded twice.
 */
export class OpenBundle {
  #bytes = new Uint8Array(64 * 1024);
  /** Where entry i ends. */
  readonly #ends: number[] = [];

  get width(): number {
    return this.#ends.length;
  }

  add(entry: Uint8Array): void {
    if (entry.length > MAX_BUNDLE_ENTRY_BYTES)
      throw new RangeError(`expected an entry of at most ${MAX_BUNDLE_ENTRY_BYTES} bytes, found ${entry.length}`);
    const start = this.#ends.at(-1) ?? 0;
    const end = start + 2 + entry.length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, start));
      this.#bytes = larger;
    }
    this.#bytes[start] = entry.length >> 8;
    this.#bytes[start + 1] = entry.length & 0xff;
    this.#bytes.set(entry, start + 2);
    this.#ends.push(end);
  }

  /** A copy of the bundle at its present width. */
  content(): Uint8Array {
    return this.#bytes.slice(0, this.#ends.at(-1) ?? 0);
  }
}
