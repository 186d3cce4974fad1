/** The last bytes of a stream, in memory of a fixed size, however much goes through. */
export class TailBuffer {
  readonly #bytes: Buffer;
  #total = 0;

  /** @param size bytes that are kept */
  constructor(size: number) {
    this.#bytes = Buffer.alloc(size);
  }

  /** Bytes that are kept no more. */
  get dropped(): number {
    return Math.max(0, this.#total - this.#bytes.length);
  }

  push(chunk: Uint8Array): void {
    const size = this.#bytes.length;
    const kept = chunk.subarray(Math.max(0, chunk.length - size));
    const at = (this.#total + chunk.length - kept.length) % size;
    const first = kept.subarray(0, size - at);
    this.#bytes.set(first, at);
    this.#bytes.set(kept.subarray(first.length), 0);
    this.#total += chunk.length;
  }

  /** What is kept, in order. */
  contents(): Buffer {
    const end = this.#total % this.#bytes.length;
    if (this.#total <= this.#bytes.length) return this.#bytes.subarray(0, this.#total);
    return Buffer.concat([this.#bytes.subarray(end), this.#bytes.subarray(0, end)]);
  }
}
