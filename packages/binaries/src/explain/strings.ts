import { ascii, indexOfBytes } from '../reader.ts';
import type { Range } from './bytes.ts';
import { latin1 } from './bytes.ts';
import { unmatchedStretches } from './chunks.ts';
import { MAX_LISTED_STRINGS, MAX_STRING_BYTES, MAX_STRING_LENGTH } from './limits.ts';
import type { PartPair } from './pairs.ts';
import { tokensIn } from './tokens.ts';
import type { ClassifiedString, StringDifferences } from './types.ts';

/** Bytes around a stretch that may belong to the same value. */
const CONTEXT = 64;
const MAX_STRETCHES = 4000;
/** Values that are looked up in the other file, and bytes of a part to look through for one. */
const MAX_CHECKED = 200;
const MAX_SEARCHED_BYTES = 4 * 1024 * 1024;
const PRINTABLE_RUN = /[\x20-\x7e]{6,}/g;

/** The strings of differing parts that only one side has, values before plain text. Machine code is left out: it reads as noise. */
export function stringDifferences(pairs: readonly PartPair[]): { strings: StringDifferences; truncated: boolean } {
  const publishedOnly = new Collector();
  const rebuiltOnly = new Collector();
  let left = MAX_STRING_BYTES;
  let truncated = false;
  for (const pair of pairs) {
    if ((pair.code && pair.name !== 'file') || IDS.test(pair.name)) continue;
    const [a, b] = [pair.published ?? NONE, pair.rebuilt ?? NONE];
    if (a.length + b.length > left) {
      truncated = true;
      continue;
    }
    left -= a.length + b.length;
    const unmatched = unmatchedStretches(a, b);
    publishedOnly.add(a, unmatched.a, b, pair.name);
    rebuiltOnly.add(b, unmatched.b, a, pair.name);
  }
  const strings = { publishedOnly: publishedOnly.strings(), rebuiltOnly: rebuiltOnly.strings() };
  return { strings, truncated: truncated || publishedOnly.truncated || rebuiltOnly.truncated };
}

const NONE = new Uint8Array();
/** Sections that hold nothing but identifiers, which read as noise too. */
const IDS = /^\.note\.(go\.buildid|gnu\.build-id)$/;

/** Whether a part holds the names of symbols. */
export const isSymbolTable = (part: string): boolean => part.includes('strtab') || part === 'symbol names';

/** Compressed data has printable runs by chance: a text is letters, digits and blanks for the most part. */
function isText(run: string): boolean {
  const letters = run.replaceAll(/[^A-Za-z0-9 ]/g, '').length;
  return /[A-Za-z]{3}/.test(run) && letters * 4 >= run.length * 3 && (run.length >= 12 || letters === run.length || /[ ./=:_-]/.test(run));
}

class Collector {
  truncated = false;
  readonly #values = new Map<string, ClassifiedString>();
  readonly #texts = new Map<string, ClassifiedString>();
  #checks = MAX_CHECKED;

  add(bytes: Uint8Array, stretches: readonly Range[], other: Uint8Array, part: string): void {
    this.truncated ||= stretches.length > MAX_STRETCHES;
    for (const { start, end } of stretches.slice(0, MAX_STRETCHES)) {
      if (this.#checks <= 0) break;
      const from = Math.max(0, start - CONTEXT);
      const text = latin1(bytes.subarray(from, Math.min(end + CONTEXT, start + 4 * 1024)));
      for (const { at, ...token } of tokensIn(text)) {
        // Hashes in symbol names are the names' (symbol-hash.ts).
        if (token.class === 'hex' && isSymbolTable(part)) continue;
        const touches = from + at < end && from + at + token.text.length > start;
        if (touches && this.#isNew(this.#values, token.text, other)) this.#values.set(token.text, token);
      }
      for (const [run] of latin1(bytes.subarray(start, Math.min(end, start + 4 * 1024))).matchAll(PRINTABLE_RUN)) {
        const clipped = run.slice(0, MAX_STRING_LENGTH);
        const kind = isSymbolTable(part) ? 'symbol' : 'text';
        if (isText(clipped) && this.#isNew(this.#texts, clipped, other)) this.#texts.set(clipped, { class: kind, text: clipped });
      }
    }
    this.truncated ||= this.#checks <= 0;
  }

  /** Not listed yet, and nowhere in the other file's part. */
  #isNew(known: ReadonlyMap<string, unknown>, text: string, other: Uint8Array): boolean {
    if (known.has(text) || this.#checks <= 0) return false;
    this.#checks -= 1;
    return indexOfBytes(other.subarray(0, MAX_SEARCHED_BYTES), ascii(text)) < 0;
  }

  strings(): ClassifiedString[] {
    const all = [...this.#values.values(), ...this.#texts.values()];
    this.truncated ||= all.length > MAX_LISTED_STRINGS;
    return all.slice(0, MAX_LISTED_STRINGS).map(({ class: kind, text }) => ({ class: kind, text: text.slice(0, MAX_STRING_LENGTH) }));
  }
}
