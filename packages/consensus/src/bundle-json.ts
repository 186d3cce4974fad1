/** Strict reading of a bundle's JSON. Everything throws `BundleError` 'malformed'. */
import { fromBase64 } from '@verbatim/tlog';
import { BundleError } from './errors.ts';

/** The members of an object that has exactly these. */
export function members<Name extends string>(value: unknown, names: readonly Name[]): Record<Name, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('an object');
  const found = Object.keys(value);
  if (found.length !== names.length || names.some((name) => !Object.hasOwn(value, name))) {
    throw malformed(`an object with exactly the members ${names.join(', ')}`);
  }
  return value as Record<Name, unknown>;
}

export function list(value: unknown, limit: number, what: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length > limit) throw malformed(`${what} as an array of at most ${limit}`);
  return value;
}

export function string(value: unknown, what: string): string {
  if (typeof value !== 'string' || !value.isWellFormed()) throw malformed(`${what} as text`);
  return value;
}

export function base64(value: unknown, limit: number, what: string): Uint8Array {
  const text = string(value, what);
  let bytes: Uint8Array;
  try {
    bytes = fromBase64(text);
  } catch (cause) {
    throw malformed(`${what} in canonical base64`, cause);
  }
  if (bytes.length > limit) throw malformed(`${what} of at most ${limit} bytes`);
  return bytes;
}

export function malformed(expected: string, cause?: unknown): BundleError {
  return new BundleError('malformed', `expected ${expected}`, { cause });
}
