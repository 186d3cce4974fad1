/** A build's output is hostile text: nothing in it may reach a terminal or a page as anything but visible characters. */

/** Control, format, bidi, private-use and separator characters, and surrogates that stand alone. Tab and line feed stay. */
// eslint-disable-next-line no-control-regex
const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]|[\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu;

function escapeCharacter(character: string): string {
  const point = character.codePointAt(0)!;
  if (point <= 0xff) return `\\x${point.toString(16).padStart(2, '0')}`;
  return `\\u{${point.toString(16)}}`;
}

/** `\x1b` for an escape character, `\u{202e}` for a right-to-left override. A backslash stays as it is: this is for reading, not for undoing. */
export function escapeText(text: string): string {
  return text.replace(INVISIBLE, escapeCharacter);
}

/** Bytes to visible text, in pieces: UTF-8 where it is, `\xNN` for each byte that is none. */
export class Escaper {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Uint8Array): string {
    const bytes = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
    const whole = bytes.length - incompleteTail(bytes);
    this.#rest = Buffer.from(bytes.subarray(whole));
    return visible(bytes.subarray(0, whole));
  }

  end(): string {
    return visible(this.take());
  }

  /** The bytes of a character that was cut in two, which nobody saw yet. */
  take(): Buffer {
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    return rest;
  }
}

const REPLACEMENT = '\ufffd';

/** Bytes to visible text: UTF-8 where it is, `\xNN` for each byte that is none. */
export function visible(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  // A replacement character may also have been written as such; that is found out byte by byte.
  return escapeText(text.includes(REPLACEMENT) ? invalidEscaped(bytes) : text);
}

/** Each byte that is not of a UTF-8 sequence, as `\xNN`. */
function invalidEscaped(bytes: Buffer): string {
  const parts: string[] = [];
  let good = 0;
  for (let index = 0; index < bytes.length;) {
    const width = validWidth(bytes, index);
    if (width > 0) {
      index += width;
      continue;
    }
    parts.push(bytes.toString('utf8', good, index), BYTE_ESCAPES[bytes[index]!]!);
    good = ++index;
  }
  parts.push(bytes.toString('utf8', good));
  return parts.join('');
}

const BYTE_ESCAPES = Array.from({ length: 256 }, (_, byte) => `\\x${byte.toString(16).padStart(2, '0')}`);

/** Bytes of the well-formed sequence that starts at `index` (The Unicode Standard, table 3-7); 0 when there is none. */
function validWidth(bytes: Uint8Array, index: number): number {
  const lead = bytes[index]!;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const width = sequenceWidth(lead);
  const second = bytes[index + 1] ?? 0;
  const least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > most) return 0;
  for (let next = index + 2; next < index + width; next++) if (((bytes[next] ?? 0) & 0xc0) !== 0x80) return 0;
  return width;
}

function sequenceWidth(lead: number): number {
  if (lead >= 0xf0) return 4;
  if (lead >= 0xe0) return 3;
  return lead >= 0xc0 ? 2 : 1;
}

/** How many bytes at the end start a sequence that may go on in the next chunk. */
function incompleteTail(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return sequenceWidth(byte) > back ? back : 0;
  }
  return 0;
}
