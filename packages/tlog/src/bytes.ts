/**
 * Bytes, and their canonical texts.
 *
 * RFC 4648 §3.5 lets decoders accept non-canonical base64; C2SP signed-note and tlog-checkpoint do
 * not. Every decoder here therefore decodes, encodes again and compares.
 */
import { decodeBase64, encodeBase64 } from './base64.ts';
import { TlogError, quote } from './errors.ts';

export { sha256 } from './sha256.ts';

/** True when both have the same length and bytes. Not constant-time: use it on public data only. */
export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Lower-case hex, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  let out = '';
  for (const byte of bytes) out += HEX[byte];
  return out;
}

/** Bytes of lower-case hex. Throws `bad-encoding` for upper case, odd length or anything else. */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) {
    throw new TlogError('bad-encoding', `expected lower-case hex, found ${quote(text)}`);
  }
  const out = new Uint8Array(text.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return out;
}

/** Standard base64 with padding (RFC 4648 §4). */
export function toBase64(bytes: Uint8Array): string {
  return encodeBase64(bytes);
}

/** Bytes of canonical, padded, standard base64. Throws `bad-encoding` for every other spelling. */
export function fromBase64(text: string): Uint8Array {
  let bytes: Uint8Array | undefined;
  try {
    bytes = decodeBase64(text);
  } catch {
    bytes = undefined;
  }
  // Decoders skip white space, and some take missing padding or ignore non-zero trailing bits: compare.
  if (bytes === undefined || encodeBase64(bytes) !== text) {
    throw new TlogError('bad-encoding', `expected canonical padded base64, found ${quote(text)}`);
  }
  return bytes;
}

/** Eight bytes, big-endian. */
export function encodeUint64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}

const encoder = new TextEncoder();
// ignoreBOM keeps U+FEFF in the text; the default would drop three signed bytes silently.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8 of `text`. Throws `bad-encoding` for lone surrogates, which TextEncoder would replace. */
export function utf8Encode(text: string): Uint8Array {
  if (!text.isWellFormed()) {
    throw new TlogError('bad-encoding', 'expected well-formed text, found a lone surrogate');
  }
  return encoder.encode(text);
}

/** Text of valid UTF-8; a byte order mark is kept. Throws `bad-encoding` for anything else. */
export function utf8Decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new TlogError('bad-encoding', 'expected valid UTF-8', { cause });
  }
}
