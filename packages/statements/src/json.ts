/** Canonical JSON (RFC 8785), written and read strictly: decode, encode again, compare. */
import { bytesEqual, utf8Decode, utf8Encode } from '@verbatim/tlog';
import canonicalize from 'canonicalize';
import { StatementError } from './errors.ts';
import type { Check } from './schema.ts';

/** RFC 8785 bytes of plain JSON data. Throws `not-json` for what JSON cannot say (lone surrogates, cycles, NaN). */
export function encodeCanonicalJson(value: unknown): Uint8Array {
  let text: string | undefined;
  try {
    text = canonicalize(value);
  } catch (cause) {
    throw new StatementError('not-json', '', `cannot be written as JSON: ${(cause as Error).message}`, { cause });
  }
  if (text === undefined) throw new StatementError('not-json', '', 'cannot be written as JSON');
  return utf8Encode(text);
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
  let value: unknown;
  try {
    value = JSON.parse(utf8Decode(bytes));
  } catch (cause) {
    throw new StatementError('not-json', '', `expected ${what} as JSON in UTF-8`, { cause });
  }
  const checked = check(value, '');
  if (!bytesEqual(encodeCanonicalJson(value), bytes)) {
    throw new StatementError('not-canonical', '', `expected ${what} in canonical JSON (RFC 8785), found another spelling of it`);
  }
  return checked;
}
