/** The build's log: visible characters only, its beginning and its end, never more than a limit. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { Escaper } from './escape.ts';
import { LOG_FLOOD } from './limits.ts';

export interface LogSummary {
  readonly path: string;
  /** Bytes in the file. */
  readonly bytes: number;
  /** Bytes that the build printed. */
  readonly printed: number;
  readonly truncated: boolean;
}

/**
 * Collects output in a new file of at most `limit` bytes plus one line that says how much is left out: the first half of the limit as it
 * comes, the last half when it ends.
 */
export class BuildLog {
  readonly #path: string;
  readonly #file: number;
  readonly #half: number;
  readonly #flood: number;
  readonly #onText: ((text: string) => void) | undefined;
  readonly #escapers = new Map<string, Escaper>();
  #head = 0;
  #tail: Buffer[] = [];
  #tailBytes = 0;
  #left = 0;
  #printed = 0;

  /** @param onText gets the visible text as it comes, until the limit is reached */
  constructor(path: string, limit: number, onText?: (text: string) => void) {
    this.#path = path;
    this.#half = Math.max(1, Math.floor(limit / 2));
    this.#flood = limit * LOG_FLOOD;
    this.#onText = onText;
    this.#file = openSync(path, 'wx', 0o600);
  }

  /** Takes a chunk of one stream. Returns false once the build has printed so much that it should be stopped. */
  push(stream: string, chunk: Uint8Array): boolean {
    this.#printed += chunk.length;
    // What a flood prints is not even escaped: only its end is looked at, when it comes.
    let escaper = this.#escapers.get(stream);
    if (escaper === undefined) this.#escapers.set(stream, (escaper = new Escaper()));
    this.#keep(Buffer.from(escaper.push(chunk)));
    return this.#printed <= this.#flood;
  }

  end(): LogSummary {
    for (const escaper of this.#escapers.values()) this.#keep(Buffer.from(escaper.end()));
    let tail = Buffer.concat(this.#tail);
    const cut = Math.max(0, tail.length - this.#half);
    const start = cut === 0 ? 0 : characterStart(tail, cut);
    this.#left += start;
    tail = tail.subarray(start);
    if (this.#left > 0) this.#write(Buffer.from(`\n[… ${this.#left} bytes of the log are left out here …]\n`));
    this.#write(tail);
    closeSync(this.#file);
    return { path: this.#path, bytes: this.#head, printed: this.#printed, truncated: this.#left > 0 };
  }

  #keep(text: Buffer): void {
    let rest = text;
    if (this.#tailBytes === 0 && this.#head + rest.length <= this.#half) {
      this.#write(rest);
      this.#onText?.(rest.toString());
      return;
    }
    if (this.#tailBytes === 0 && this.#head < this.#half) {
      let cut = this.#half - this.#head;
      while (cut > 0 && (rest[cut]! & 0xc0) === 0x80) cut--;
      this.#write(rest.subarray(0, cut));
      this.#onText?.(rest.toString('utf8', 0, cut));
      rest = rest.subarray(cut);
    }
    this.#tail.push(rest);
    this.#tailBytes += rest.length;
    while (this.#tail.length > 1 && this.#tailBytes - this.#tail[0]!.length >= this.#half) {
      const dropped = this.#tail.shift()!;
      this.#tailBytes -= dropped.length;
      this.#left += dropped.length;
    }
  }

  #write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    writeSync(this.#file, bytes);
    this.#head += bytes.length;
  }
}

/** The first place from `index` on where a UTF-8 character begins. */
function characterStart(bytes: Uint8Array, index: number): number {
  let start = index;
  while (start < bytes.length && (bytes[start]! & 0xc0) === 0x80) start++;
  return start;
}
