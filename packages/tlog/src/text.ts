/** What signed notes and the formats built on them allow in text. */
import { utf8Encode } from './bytes.ts';

/** Longest key name and origin in UTF-8 bytes (C2SP tlog-cosignature's one-byte length). */
export const MAX_NAME_BYTES = 255;

// Go's unicode.IsSpace above ASCII, which signed-note implementations use. JavaScript's \s lacks U+0085.
const UNICODE_SPACE = /[\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** A key name (C2SP signed-note): not empty, well-formed, no Unicode space, control character or plus sign. */
export function isKeyName(name: string): boolean {
  return name !== '' && name.isWellFormed() && !hasControl(name) && !UNICODE_SPACE.test(name) && !/[ +]/.test(name);
}

/** A key name that we accept in keys: at most 255 bytes. */
export function isBoundedKeyName(name: string): boolean {
  return isKeyName(name) && utf8Encode(name).length <= MAX_NAME_BYTES;
}

/** Is there a code unit below U+0020 that is not in `allowed`? */
export function hasControl(text: string, allowed = ''): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) < 0x20 && !allowed.includes(text[i]!)) return true;
  }
  return false;
}
