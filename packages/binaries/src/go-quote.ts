import { BinaryError } from './errors.ts';

const SIMPLE: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, '\\': 92, '"': 34 };
const ENCODER = new TextEncoder();

/**
 * The value and the length of the Go string literal at the start of `text` (Go specification, "String literals"; strconv.QuotedPrefix):
 * raw in backquotes or interpreted in double quotes. Throws `malformed` for anything else, and for escapes that do not add up to UTF-8.
 */
export function unquotePrefix(text: string): { value: string; length: number } {
  if (text.startsWith('`')) {
    const end = text.indexOf('`', 1);
    if (end < 0) throw bad(text);
    return { value: text.slice(1, end).replaceAll('\r', ''), length: end + 1 };
  }
  if (!text.startsWith('"')) throw bad(text);
  const bytes: number[] = [];
  let at = 1;
  for (;;) {
    const character = text.codePointAt(at);
    if (character === undefined || character === 0x0a) throw bad(text);
    if (character === 0x22) return { value: decode(bytes, text), length: at + 1 };
    if (character === 0x5c) {
      at = escape(text, at + 1, bytes);
    } else {
      const literal = String.fromCodePoint(character);
      bytes.push(...ENCODER.encode(literal));
      at += literal.length;
    }
  }
}

/** Reads the escape after a backslash at `at`, appends its bytes, returns where the text goes on. */
function escape(text: string, at: number, bytes: number[]): number {
  const kind = text[at] ?? '';
  const simple = Object.hasOwn(SIMPLE, kind) ? SIMPLE[kind] : undefined;
  if (simple !== undefined) {
    bytes.push(simple);
    return at + 1;
  }
  if (kind >= '0' && kind <= '7') {
    bytes.push(digits(text, at, 3, 8, 255));
    return at + 3;
  }
  if (kind === 'x') {
    bytes.push(digits(text, at + 1, 2, 16, 255));
    return at + 3;
  }
  if (kind !== 'u' && kind !== 'U') throw bad(text);
  const width = kind === 'u' ? 4 : 8;
  const point = digits(text, at + 1, width, 16, 0x10ffff);
  if (point >= 0xd800 && point <= 0xdfff) throw bad(text);
  bytes.push(...ENCODER.encode(String.fromCodePoint(point)));
  return at + 1 + width;
}

function digits(text: string, at: number, width: number, base: 8 | 16, limit: number): number {
  const written = text.slice(at, at + width);
  const pattern = base === 8 ? /^[0-7]+$/ : /^[0-9a-fA-F]+$/;
  const value = Number.parseInt(written, base);
  if (written.length !== width || !pattern.test(written) || value > limit) throw bad(text);
  return value;
}

function decode(bytes: readonly number[], text: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    throw bad(text);
  }
}

/** The whole of `text` as one Go string literal (strconv.Unquote). */
export function unquote(text: string): string {
  const { value, length } = unquotePrefix(text);
  if (length !== text.length) throw bad(text);
  return value;
}

function bad(text: string): BinaryError {
  return new BinaryError('malformed', `expected a Go string literal, found ${JSON.stringify(text.slice(0, 80))}`);
}
