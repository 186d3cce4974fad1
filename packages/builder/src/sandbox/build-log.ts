/** The build's log: visible characters only, its beginning and its end, never more than a limit. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { Escaper, visible } from './escape.ts';
import { LOG_FLOOD } from './limits.ts';
import { TailBuffer } from './tail-buffer.ts';

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
  #written = 0;
  /** Once the first half is full: what comes then, as it was printed. Escaping a whole flood would hold up the event loop for minutes. */
  #tail: TailBuffer | null = null;
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
    if (this.#tail === null) this.#head(this.#escaperOf(stream).push(chunk));
    else this.#tail.push(chunk);
    return this.#printed <= this.#flood;
  }

  end(): LogSummary {
    if (this.#tail === null) for (const escaper of this.#escapers.values()) this.#head(escaper.end());
    const left = this.#tail === null ? 0 : this.#writeTail(this.#tail);
    closeSync(this.#file);
    return { path: this.#path, bytes: this.#written, printed: this.#printed, truncated: left > 0 };
  }

  #escaperOf(stream: string): Escaper {
    let escaper = this.#escapers.get(stream);
    if (escaper === undefined) this.#escapers.set(stream, (escaper = new Escaper()));
    return escaper;
  }

  /** Writes visible text while there is room in the first half; the rest begins the tail, with what is left of characters cut in two. */
  #head(text: string): void {
    const bytes = Buffer.from(text);
    let cut = Math.min(bytes.length, this.#half - this.#written);
    if (cut < bytes.length) cut = characterEnd(bytes, cut);
    this.#write(bytes.subarray(0, cut));
    if (cut > 0) this.#onText?.(bytes.toString('utf8', 0, cut));
    if (cut === bytes.length) return;
    this.#tail = new TailBuffer(this.#half);
    this.#tail.push(bytes.subarray(cut));
    for (const escaper of this.#escapers.values()) this.#tail.push(escaper.take());
  }

  /** Returns the bytes that are left out, as they were printed or would be shown. */
  #writeTail(tail: TailBuffer): number {
    const kept = tail.contents();
    const whole = tail.dropped > 0 ? characterStart(kept, 0) : 0;
    const text = Buffer.from(visible(kept.subarray(whole)));
    const start = characterStart(text, Math.max(0, text.length - this.#half));
    const left = tail.dropped + whole + start;
    if (left > 0) this.#write(Buffer.from(`\n[… ${left} bytes of the log are left out here …]\n`));
    this.#write(text.subarray(start));
    return left;
  }

  #write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    writeSync(this.#file, bytes);
    this.#written += bytes.length;
  }
}

/** The last place up to `index` where a UTF-8 character begins. */
function characterEnd(bytes: Uint8Array, index: number): number {
  let end = index;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return end;
}

/** The first place from `index` on where a UTF-8 character begins. */
function characterStart(bytes: Uint8Array, index: number): number {
  let start = index;
  // A character has at most three such bytes; more are no character.
  while (start < Math.min(bytes.length, index + 3) && (bytes[start]! & 0xc0) === 0x80) start++;
  return start;
}
