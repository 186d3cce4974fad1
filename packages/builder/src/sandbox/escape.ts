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
    const text = visible(this.#rest);
    this.#rest = Buffer.alloc(0);
    return text;
  }
}

const REPLACEMENT = '\ufffd';

function visible(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  // A replacement character may also have been written as such; then escaping its bytes is no loss.
  return escapeText(text.includes(REPLACEMENT) ? invalidEscaped(bytes) : text);
}

/** Each maximal stretch of bytes that is not UTF-8, as `\xNN`. */
function invalidEscaped(bytes: Buffer): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let text = '';
  let index = 0;
  while (index < bytes.length) {
    const width = sequenceWidth(bytes[index]!);
    const part = bytes.subarray(index, index + width);
    try {
      text += decoder.decode(part);
      index += width;
    } catch {
      text += `\\x${bytes[index]!.toString(16).padStart(2, '0')}`;
      index++;
    }
  }
  return text;
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
