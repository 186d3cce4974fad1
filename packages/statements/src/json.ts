/** Canonical JSON (RFC 8785), written and read strictly: decode, encode again, compare. */
import { utf8Decode, utf8Encode } from '@verbatim/tlog';
import canonicalize from 'canonicalize';
import { StatementError } from './errors.ts';
import type { Check } from './schema.ts';

/** RFC 8785 bytes of plain JSON data. Throws `not-json` for what JSON cannot say (lone surrogates, cycles, NaN). */
export function encodeCanonicalJson(value: unknown): Uint8Array {
  return utf8Encode(canonicalText(value));
}

function canonicalText(value: unknown): string {
  let text: string | undefined;
  try {
    text = canonicalize(value);
  } catch (cause) {
    throw new StatementError('not-json', '', `cannot be written as JSON: ${(cause as Error).message}`, { cause });
  }
  if (text === undefined) throw new StatementError('not-json', '', 'cannot be written as JSON');
  return text;
}

/**
 * The canonical text of what JSON.parse returned. RFC 8785 differs from JSON.stringify in the order of keys and in lone surrogates alone
 * (§3.2.2 defines literals, strings and numbers by ECMAScript's), so the built-in, several times faster, does where keys are in order.
 */
export function canonicalTextOfParsed(value: unknown): string {
  if (hasKeysInOrder(value)) {
    const text = JSON.stringify(value);
    // The only \ud that JSON.stringify writes is a lone surrogate's, or follows a literal backslash.
    if (!text.includes('\\ud')) return text;
  }
  return canonicalText(value);
}

function hasKeysInOrder(root: unknown): boolean {
  // A list, not recursion: depth is the sender's choice.
  const pending: unknown[] = [root];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value)) {
      for (const item of value) pending.push(item);
      continue;
    }
    let previous = '';
    for (const key of Object.keys(value)) {
      if (key < previous) return false;
      previous = key;
      const member = (value as Record<string, unknown>)[key];
      if (typeof member === 'object') pending.push(member);
    }
  }
  return true;
}

/**
 * The value of canonical JSON of at most `maxBytes`, checked. Throws `too-large`, `not-json`, what `check` throws, and `not-canonical`:
 * duplicate keys, white space, other orders, other spellings of numbers or strings never survive the comparison.
 * The check runs first, so that only small, shallow, known data is ever encoded.
 */
export function decodeCanonicalJson<T>(bytes: Uint8Array, maxBytes: number, what: string, check: Check<T>): T {
  if (bytes.length > maxBytes) {
    throw new StatementError('too-large', '', `expected ${what} of at most ${maxBytes} bytes, found ${bytes.length}`);
  }
  let text: string;
  let value: unknown;
  try {
    // Fatal, and a byte order mark is kept: equal texts are equal bytes.
    text = utf8Decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw new StatementError('not-json', '', `expected ${what} as JSON in UTF-8`, { cause });
  }
  const checked = check(value, '');
  if (canonicalTextOfParsed(value) !== text) {
    throw new StatementError('not-canonical', '', `expected ${what} in canonical JSON (RFC 8785), found another spelling of it`);
  }
  return checked;
}
